using System.Text.Encodings.Web;
using System.Text.Json;
using AlignGuard.Evaluation.Prompts;

namespace AlignGuard.Pipeline.Data;

/// <summary>
/// The records of a table as JSON objects, which is what every reader of rows takes: a column is a field, and every value a string. The first record names the columns; blank lines are passed over. <c>.csv</c> is quoted as RFC 4180 says; in a
/// <c>.tsv</c> nothing is quoted, as in the files of GLUE.
/// </summary>
internal static class TableRows
{
    private const int MostColumns = 1_000;

    // Written for the parser, not for a page.
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static IEnumerable<RawRow> Read(RowBytes bytes, char separator, int rowLimit)
    {
        string[]? columns = null;
        foreach (var record in new DelimitedRecords(bytes.Next, separator, quoted: separator == ',', rowLimit).Read())
        {
            if (record.Error is { } error) yield return new RawRow(record.Line, null, default, $"{error}.");
            else if (record.Fields is [{ Length: 0 }]) continue;
            else if (columns is null && ColaColumns.Fit(record.Fields)) yield return new RawRow(record.Line, null, Json(columns = ColaColumns.All, record.Fields));
            else if (columns is null) columns = Header(record.Fields);
            else if (record.Fields.Count != columns.Length) yield return new RawRow(record.Line, null, default, $"has {record.Fields.Count} fields, the header names {columns.Length}: correct or remove the row.");
            else yield return new RawRow(record.Line, null, Json(columns, record.Fields));
        }
    }

    private static string[] Header(IReadOnlyList<string> fields)
    {
        var columns = fields.Select(f => f.Trim()).ToArray();
        if (columns.Length > MostColumns) throw new UnreadableException($"its first line names {columns.Length:N0} columns: this is no table of texts.");
        var twice = columns.GroupBy(c => c).Where(g => g.Count() > 1 || g.Key.Length == 0).Select(g => RowProblems.Quote(g.Key)).ToList();
        return twice.Count == 0 ? columns : throw new UnreadableException($"its first line has to name the columns, each once; {string.Join(", ", twice)} is empty or there twice.");
    }

    private static byte[] Json(string[] columns, IReadOnlyList<string> fields)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Plain))
        {
            json.WriteStartObject();
            for (var n = 0; n < columns.Length; n++) json.WriteString(columns[n], fields[n]);
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }
}
