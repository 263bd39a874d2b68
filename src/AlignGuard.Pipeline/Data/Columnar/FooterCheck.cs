using System.Buffers;
using System.Buffers.Binary;

namespace AlignGuard.Pipeline.Data.Columnar;

/// <summary>
/// What has to hold of a Parquet file before a reader may build objects from its footer: two magics, a footer that lies in the file, and in it no structure that is larger or deeper than its bytes.
/// </summary>
internal static class FooterCheck
{
    // Of both ends, and the length of the footer before the last magic.
    private const int Edges = 12;
    private const int MostBytes = 32 << 20;

    // Some 20,000 row groups of a conversation's columns. A part takes a byte in the file and a hundred in memory.
    private const int MostParts = 500_000;
    private const int MostFields = 4_000;
    private const int DeepestSchema = 24;

    // Of FileMetaData and SchemaElement in parquet.thrift.
    private const int Schema = 2, Children = 5;

    /// <returns>Where the footer begins: all data lies before it; and a copy of what is needed of it.</returns>
    /// <exception cref="UnreadableException">It is no Parquet file, or no sound one.</exception>
    public static (long DataEnd, byte[] Footer) Run(FileStream file)
    {
        if (file.Length < Edges) throw new UnreadableException("is no Parquet file: it has fewer bytes than the shortest.");
        Span<byte> head = stackalloc byte[4], tail = stackalloc byte[8];
        file.Seek(0, SeekOrigin.Begin);
        file.ReadExactly(head);
        file.Seek(-8, SeekOrigin.End);
        file.ReadExactly(tail);
        if (head.SequenceEqual("PARE"u8) || tail[4..].SequenceEqual("PARE"u8)) throw new UnreadableException("is encrypted: write it without encryption.");
        if (!head.SequenceEqual("PAR1"u8)) throw new UnreadableException("is no Parquet file: it does not begin with PAR1.");
        if (!tail[4..].SequenceEqual("PAR1"u8)) throw new UnreadableException("is cut off: a Parquet file ends with PAR1. Fetch or write it again.");
        var length = BinaryPrimitives.ReadUInt32LittleEndian(tail);
        if (length > file.Length - Edges) throw new UnreadableException($"is not a sound Parquet file: its footer is said to have {length:N0} bytes, the file has {file.Length:N0}.");
        if (length > MostBytes) throw new UnreadableException($"has a footer of {length:N0} bytes, more than the {MostBytes:N0} allowed: write it with larger row groups or fewer columns.");
        var begin = file.Length - 8 - length;
        var footer = new byte[length];
        file.Seek(begin, SeekOrigin.Begin);
        file.ReadExactly(footer);
        return (begin, Copy(footer));
    }

    private static byte[] Copy(ReadOnlySpan<byte> footer)
    {
        var copy = new ArrayBufferWriter<byte>(footer.Length + 16);
        var reader = new CompactReader(footer, MostParts);
        ParquetShapes.Footer.Copy(ref reader, copy);
        reader = new CompactReader(copy.WrittenSpan, MostParts);
        for (var id = 0; reader.NextField(ref id) is var type and not CompactType.Stop;)
        {
            if (id == Schema) CheckSchema(ref reader);
            else reader.Skip(type);
        }
        return copy.WrittenSpan.ToArray();
    }

    /// <summary>The schema is a tree written flat, parents first: readers follow it by recursion.</summary>
    private static void CheckSchema(ref CompactReader reader)
    {
        var count = reader.ListHeader().Count;
        if (count > MostFields) throw new UnreadableException($"has {count:N0} columns: this is no table of texts.");
        var open = new Stack<long>();
        for (; count > 0; count--)
        {
            var children = 0L;
            reader.Part();
            for (var id = 0; reader.NextField(ref id) is var field and not CompactType.Stop;)
            {
                if (id == Children && field == CompactType.I32) children = reader.Integer();
                else reader.Skip(field);
            }
            if (children < 0 || children >= count) throw new UnreadableException("is not a sound Parquet file: a column is said to have more columns in it than there are.");
            if (open.Count > 0) open.Push(open.Pop() - 1);
            if (children > 0) open.Push(children);
            while (open.Count > 0 && open.Peek() == 0) open.Pop();
            if (open.Count > DeepestSchema) throw new UnreadableException($"has columns nested more than {DeepestSchema} deep: this is no table of texts.");
        }
    }
}
