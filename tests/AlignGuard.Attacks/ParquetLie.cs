using System.Buffers.Binary;

namespace AlignGuard.Attacks;

/// <summary>
/// A Parquet file built byte by byte, so that it can lie: one column <c>text</c> of optional texts, one row group, and pages as they are given. It tells the truth about a single value "hello" as long as nothing is changed.
/// </summary>
public sealed record ParquetLie
{
    /// <summary>Structures of Thrift's compact protocol, as nested lists of fields in the order of their ids.</summary>
    public sealed class Compact
    {
        private readonly List<byte> bytes = [];
        private int last;

        public byte[] Bytes => [.. bytes, 0];

        public Compact Integer(int id, long value, int type = 5)
        {
            Head(id, type);
            Varint((ulong)((value << 1) ^ (value >> 63)));
            return this;
        }

        public Compact Text(int id, string value)
        {
            Head(id, 8);
            Varint((ulong)System.Text.Encoding.UTF8.GetByteCount(value));
            bytes.AddRange(System.Text.Encoding.UTF8.GetBytes(value));
            return this;
        }

        public Compact Struct(int id, Compact value)
        {
            Head(id, 12);
            bytes.AddRange(value.Bytes);
            return this;
        }

        /// <param name="type">Of the elements, which are given as they are written.</param>
        /// <param name="count">What the list says; the number of elements unless given.</param>
        public Compact List(int id, int type, IReadOnlyList<byte[]> elements, long? count = null)
        {
            Head(id, 9);
            bytes.Add((byte)(0xF0 | type));
            Varint((ulong)(count ?? elements.Count));
            foreach (var element in elements) bytes.AddRange(element);
            return this;
        }

        public Compact Raw(byte[] value)
        {
            bytes.AddRange(value);
            return this;
        }

        public void Varint(ulong value)
        {
            for (; value > 127; value >>= 7) bytes.Add((byte)(value | 128));
            bytes.Add((byte)value);
        }

        private void Head(int id, int type)
        {
            bytes.Add((byte)(((id - last) << 4) | type));
            last = id;
        }
    }

    // Definition levels (a run of one 1), then the text behind its length.
    public static readonly byte[] Hello = [2, 0, 0, 0, 2, 1, 5, 0, 0, 0, .. "hello"u8];

    public byte[] Page { get; init; } = Hello;

    /// <summary>Of the page header: 0 data, 2 dictionary, 3 data of version 2.</summary>
    public int PageType { get; init; }

    /// <summary>Of a data page's values: 0 plain, 8 indexes of a dictionary.</summary>
    public int Encoding { get; init; }

    /// <summary>Uncompressed size, as the page header says it; that of the page unless given.</summary>
    public int? Unpacked { get; init; }

    public int? Packed { get; init; }

    /// <summary>Values, as the page header says it.</summary>
    public int PageValues { get; init; } = 1;

    /// <summary>Values, as the footer says it.</summary>
    public long Values { get; init; } = 1;

    /// <summary>Rows, as the footer says it.</summary>
    public long Rows { get; init; } = 1;

    /// <summary>0 none, 1 snappy, 2 gzip, 5 LZ4, 6 zstd.</summary>
    public int Codec { get; init; }

    public long Offset { get; init; } = 4;

    /// <summary>Structures of the schema behind its root.</summary>
    public IReadOnlyList<Compact> Schema { get; init; } = [Column("text")];

    /// <summary>Number of structures that the list of the schema says to have.</summary>
    public long? SchemaCount { get; init; }

    /// <summary>Children of the schema's root.</summary>
    public int Children { get; init; } = 1;

    public IReadOnlyList<string> ColumnPath { get; init; } = ["text"];

    public static Compact Column(string name, int type = 6, int repetition = 1, int? converted = 0)
    {
        var column = new Compact().Integer(1, type).Integer(3, repetition).Text(4, name);
        return converted is { } c ? column.Integer(6, c) : column;
    }

    /// <param name="converted">3: a list.</param>
    public static Compact Group(string name, int children, int repetition = 1, int? converted = null)
    {
        var group = new Compact().Integer(3, repetition).Text(4, name).Integer(5, children);
        return converted is { } c ? group.Integer(6, c) : group;
    }

    public byte[] PageBytes()
    {
        var header = new Compact().Integer(1, PageType).Integer(2, Unpacked ?? Page.Length).Integer(3, Packed ?? Page.Length);
        header = PageType switch
        {
            0 => header.Struct(5, new Compact().Integer(1, PageValues).Integer(2, Encoding).Integer(3, 3).Integer(4, 3)),
            2 => header.Struct(7, new Compact().Integer(1, PageValues).Integer(2, 0)),
            _ => header.Struct(8, new Compact().Integer(1, PageValues).Integer(2, 0).Integer(3, PageValues).Integer(4, 0).Integer(5, 2).Integer(6, 0)),
        };
        return [.. header.Bytes, .. Page];
    }

    public byte[] Footer()
    {
        var path = ColumnPath.Select(p =>
        {
            var text = new Compact();
            text.Varint((ulong)p.Length);
            return (byte[])[.. text.Bytes[..^1], .. System.Text.Encoding.UTF8.GetBytes(p)];
        }).ToList();
        var meta = new Compact().Integer(1, 6).List(2, 5, [[0]]).List(3, 8, path).Integer(4, Codec).Integer(5, Values, 6).Integer(6, Page.Length, 6).Integer(7, Page.Length, 6).Integer(9, Offset, 6);
        var chunk = new Compact().Integer(2, Offset, 6).Struct(3, meta);
        var group = new Compact().List(1, 12, [chunk.Bytes]).Integer(2, Page.Length, 6).Integer(3, Rows, 6);
        var root = new Compact().Text(4, "schema").Integer(5, Children);
        return new Compact().Integer(1, 1).List(2, 12, [root.Bytes, .. Schema.Select(s => s.Bytes)], SchemaCount).Integer(3, Rows, 6).List(4, 12, [group.Bytes]).Bytes;
    }

    public byte[] Bytes() => Wrap(PageBytes(), Footer());

    /// <summary>Data and footer between their magics.</summary>
    public static byte[] Wrap(byte[] data, byte[] footer, uint? length = null)
    {
        var size = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(size, length ?? (uint)footer.Length);
        return [.. "PAR1"u8, .. data, .. footer, .. size, .. "PAR1"u8];
    }
}
