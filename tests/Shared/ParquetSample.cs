using Parquet;
using Parquet.Schema;

namespace AlignGuard.Tests;

/// <summary>Parquet files for tests, small and of any shape.</summary>
public static class ParquetSample
{
    /// <summary>Turns as Hugging Face's datasets keep them: a list of structures.</summary>
    /// <param name="names">Of the list, and of a turn's role and text.</param>
    public static byte[] Chats(IReadOnlyList<(string Role, string Text)[]> rows, CompressionMethod codec = CompressionMethod.Snappy, int rowsPerGroup = 1000, (string List, string Role, string Text)? names = null)
    {
        var (list, role, text) = names ?? ("messages", "role", "content");
        var (texts, roles) = (new DataField<string>(text, nullable: true), new DataField<string>(role, nullable: true));
        var field = new ListField(list, new StructField("element", texts, roles));
        return Bytes(new ParquetSchema(field), codec, group =>
        {
            Column(group, texts, t => t.Text);
            Column(group, roles, t => t.Role);
        }, rows.Chunk(rowsPerGroup));

        void Column((ParquetRowGroupWriter Writer, (string Role, string Text)[][] Rows) group, DataField column, Func<(string Role, string Text), string> value)
        {
            var (values, definition, repetition) = (new List<ReadOnlyMemory<char>>(), new List<int>(), new List<int>());
            foreach (var turns in group.Rows)
            {
                foreach (var (i, turn) in turns.Index())
                {
                    values.Add(value(turn).AsMemory());
                    definition.Add(column.MaxDefinitionLevel);
                    repetition.Add(i == 0 ? 0 : 1);
                }
                if (turns.Length > 0) continue;
                definition.Add(1);
                repetition.Add(0);
            }
            group.Writer.WriteAllPartsAsync<ReadOnlyMemory<char>>(column, values.ToArray(), definition.ToArray(), repetition.ToArray(), CancellationToken.None).GetAwaiter().GetResult();
        }
    }

    /// <summary>A flat table of texts, a null where one is null.</summary>
    public static byte[] Table(IReadOnlyList<string> columns, IReadOnlyList<string?[]> rows, CompressionMethod codec = CompressionMethod.Snappy, int rowsPerGroup = 1000)
    {
        var fields = columns.Select(c => new DataField<string>(c, nullable: true)).ToArray();
        return Bytes(new ParquetSchema(fields), codec, group =>
        {
            foreach (var (i, field) in fields.Index()) group.Writer.WriteAsync(field, group.Rows.Select(r => r[i]).ToArray()).GetAwaiter().GetResult();
        }, rows.Chunk(rowsPerGroup));
    }

    /// <param name="write">Writes the columns of a row group.</param>
    public static byte[] Bytes<T>(ParquetSchema schema, CompressionMethod codec, Action<(ParquetRowGroupWriter Writer, T Rows)> write, IEnumerable<T> groups)
    {
        using var stream = new MemoryStream();
        var writer = ParquetWriter.CreateAsync(schema, stream, new ParquetOptions { CompressionMethod = codec }).GetAwaiter().GetResult();
        foreach (var rows in groups)
        {
            using var group = writer.CreateRowGroup();
            write((group, rows));
        }
        writer.DisposeAsync().AsTask().GetAwaiter().GetResult();
        return stream.ToArray();
    }
}
