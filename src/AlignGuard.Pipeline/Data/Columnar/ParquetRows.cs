using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Parquet;
using Parquet.Schema;

namespace AlignGuard.Pipeline.Data.Columnar;

/// <summary>
/// The rows of a Parquet file as JSON objects, which is what every reader of rows takes. Columns of texts, numbers and truth values are read, and lists and structures of them (<c>messages</c> as Hugging Face's datasets
/// write it: a list of structures of role and content); others are left out. One row group is held at a time.
/// </summary>
internal static class ParquetRows
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <exception cref="UnreadableException">The file is damaged, is made to break its reader, or has a part that is not read.</exception>
    public static IEnumerable<RawRow> Read(FileStream file, RowLimits limits)
    {
        var (dataEnd, footer) = Sound(() => FooterCheck.Run(file));
        var walk = new PageWalk(file, dataEnd);
        var guarded = new GuardedStream(file, dataEnd, footer);
        var reader = Sound(() => ParquetReader.CreateAsync(guarded).GetAwaiter().GetResult());
        var texts = Sound(() => TextColumns(reader));
        var columns = Sound(() => Columns(reader, texts));
        var json = new ArrayBufferWriter<byte>();
        var (number, total) = (0, 0L);
        for (var n = 0; n < reader.RowGroupCount; n++)
        {
            var group = reader.RowGroups[n];
            Sound(() => Load(group, columns, walk, guarded, limits.RowGroupBytes));
            var leaves = columns.SelectMany(RowShape.Slots).Select(s => s.Column).ToList();
            var before = number;
            while (!leaves[0].AtEnd)
            {
                number++;
                json.ResetWrittenCount();
                var problem = Write(columns, json, limits.RowBytes);
                if (leaves.Any(l => l.Repetition != 0)) throw LeafColumn.Disagree();
                total += json.WrittenCount;
                if (total > limits.FileBytes) throw new UnreadableException($"the file is larger than {limits.FileBytes:N0} bytes unpacked: split it, or train on a part of it.");
                yield return new RawRow(0, number, json.WrittenMemory, problem);
            }
            if (leaves.Any(l => !l.AtEnd)) throw LeafColumn.Disagree();
            if (number - before != group.RowCount) throw new UnreadableException($"is not a sound Parquet file: it says that a row group has {group.RowCount:N0} rows, there are {number - before:N0}. Fetch it again, or write it anew.");
        }
    }

    /// <summary>Lets the reader take texts for bytes, which it would otherwise decode with a replacement for what is no UTF-8.</summary>
    /// <returns>The paths of the columns of texts.</returns>
    private static HashSet<string> TextColumns(ParquetReader reader)
    {
        var texts = Leaves(reader.Schema.Fields).Where(f => f.ClrType == typeof(ReadOnlyMemory<char>) || f.ClrType == typeof(string)).Select(f => f.Path.ToString()).ToHashSet(StringComparer.Ordinal);
        foreach (var element in reader.Metadata!.Schema.Where(e => e.Type == Parquet.Meta.Type.BYTE_ARRAY))
            (element.LogicalType, element.ConvertedType) = (null, null);
        return texts;
    }

    private static IReadOnlyList<RowShape> Columns(ParquetReader reader, HashSet<string> texts)
    {
        var fields = reader.Schema.Fields;
        var twice = fields.GroupBy(f => f.Name).Where(g => g.Count() > 1).Select(g => RowProblems.Quote(g.Key)).ToList();
        if (twice.Count > 0) throw new UnreadableException($"has more than one column of a name: {string.Join(", ", twice)}. Rename or drop one of each.");
        var shapes = fields.Select(f => RowShape.Of(f, 0, 0, d => texts.Contains(d.Path.ToString()))).OfType<RowShape>().ToList();
        return shapes.Count > 0 ? shapes
            : throw new UnreadableException($"has no column of texts, numbers, or lists of them; there is {string.Join(", ", fields.Take(8).Select(f => RowProblems.Quote(f.Name)))}.");
    }

    private static IEnumerable<DataField> Leaves(IEnumerable<Field> fields) => fields.SelectMany(f => f switch
    {
        DataField data => [data],
        StructField group => Leaves(group.Fields),
        ListField list => Leaves([list.Item]),
        _ => [],
    });

    private static bool Load(ParquetRowGroupReader group, IReadOnlyList<RowShape> columns, PageWalk walk, GuardedStream guarded, long budget)
    {
        walk.Begin();
        var slots = columns.SelectMany(RowShape.Slots).ToList();
        // What the group before held goes first.
        foreach (var slot in slots) slot.Column = null!;
        foreach (var slot in slots)
        {
            var name = RowProblems.Quote(slot.Field.Path.ToString());
            if (group.GetMetadata(slot.Field) is not { MetaData: { } column } chunk) throw new UnreadableException($"is not a sound Parquet file: a row group lacks column {name}.");
            if (chunk.FilePath is not null) throw new UnreadableException($"keeps column {name} in another file: write it as one file.");
            var (from, to) = walk.Run(column, name, slot.Field.MaxRepetitionLevel > 0, budget);
            guarded.Allow(from, to);
            slot.Column = LeafColumn.Load(slot.Field, group, (int)column.NumValues);
        }
        return true;
    }

    private static string? Write(IReadOnlyList<RowShape> columns, ArrayBufferWriter<byte> bytes, int limit)
    {
        string? problem = null;
        using var json = new Utf8JsonWriter(bytes, Relaxed);
        json.WriteStartObject();
        foreach (var column in columns)
        {
            Open()?.WritePropertyName(column.Name);
            column.Write(Open, p => problem ??= p);
        }
        Open()?.WriteEndObject();
        json.Flush();
        return problem;

        // One text of a dictionary may stand in a row a million times.
        Utf8JsonWriter? Open()
        {
            if (json.BytesCommitted + json.BytesPending <= limit) return json;
            problem ??= $"the row has more than {limit:N0} bytes: shorten or split it.";
            return null;
        }
    }

    /// <summary>The reader answers damage with whatever exception comes of it.</summary>
    private static T Sound<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (UnreadableException)
        {
            throw;
        }
        catch (Exception e)
        {
            throw new UnreadableException($"is not a sound Parquet file, or has a part that is not read ({RowProblems.Printable(e.Message, 160)}). Fetch it again, or write it anew with snappy, gzip, zstd or no compression.", e);
        }
    }
}
