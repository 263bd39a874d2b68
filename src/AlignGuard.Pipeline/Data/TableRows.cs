using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace AlignGuard.Pipeline.Data;

/// <summary>
/// The records of a table as JSON objects, which is what every reader of rows takes: a column is a field, and every value a string. The first record names the columns. <c>.csv</c> is quoted as RFC 4180 says; in a
/// <c>.tsv</c> nothing is quoted, as in the files of GLUE.
/// </summary>
internal static class TableRows
{
    private const int MostColumns = 1_000;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    // Written for the parser, not for a page.
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static IEnumerable<RawRow> Read(RowBytes bytes, char separator, int rowLimit)
    {
        string[]? columns = null;
        foreach (var record in Records(bytes, (byte)separator, quoted: separator == ',', rowLimit))
        {
            if (record.Problem is { } problem) yield return new RawRow(record.Line, null, default, problem);
            else if (columns is null) columns = Header(record.Fields);
            else if (record.Fields.Count != columns.Length) yield return new RawRow(record.Line, null, default, $"has {record.Fields.Count} fields, the header names {columns.Length}: correct or remove the row.");
            else yield return new RawRow(record.Line, null, Json(columns, record.Fields));
        }
    }

    private static string[] Header(List<string> fields)
    {
        var columns = fields.Select(f => f.Trim()).ToArray();
        if (columns.Length > MostColumns) throw new UnreadableException($"its first line names {columns.Length:N0} columns: this is no table of texts.");
        var twice = columns.GroupBy(c => c).Where(g => g.Count() > 1 || g.Key.Length == 0).Select(g => RowProblems.Quote(g.Key)).ToList();
        return twice.Count == 0 ? columns : throw new UnreadableException($"its first line has to name the columns, each once; {string.Join(", ", twice)} is empty or there twice.");
    }

    private static byte[] Json(string[] columns, List<string> fields)
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

    private readonly record struct Record(int Line, List<string> Fields, string? Problem);

    /// <summary>A record at a time; blank lines are passed over. What is longer than a row may be is read to its end, and not kept.</summary>
    private static IEnumerable<Record> Records(RowBytes bytes, byte separator, bool quoted, int rowLimit)
    {
        var (field, fields) = (new List<byte>(), new List<string>());
        var next = bytes.Next();
        while (next >= 0)
        {
            var (line, size, inQuotes, wasQuoted, problem) = (next == '\n' ? bytes.Line - 1 : bytes.Line, 0, false, false, (string?)null);
            fields.Clear();
            field.Clear();
            for (; next >= 0 && (inQuotes || next != '\n'); next = bytes.Next())
            {
                if (++size > rowLimit) problem ??= $"the row has more than {rowLimit:N0} bytes: shorten or split it{(inQuotes ? ", or close its quotes" : "")}.";
                if (problem is not null)
                {
                    // Not kept; where it ends still depends on its quotes.
                    if (quoted && next == '"') inQuotes = !inQuotes;
                    continue;
                }
                if (quoted && next == '"')
                {
                    if (inQuotes) inQuotes = false;
                    else if (wasQuoted)
                    {
                        // Two quotes are one.
                        field.Add((byte)'"');
                        inQuotes = true;
                    }
                    else if (field.Count == 0) inQuotes = wasQuoted = true;
                    else field.Add((byte)'"');
                }
                else if (!inQuotes && next == separator)
                {
                    problem = End();
                    wasQuoted = false;
                }
                else if (inQuotes || next != '\r') field.Add((byte)next);
            }
            if (inQuotes) problem ??= "a quote is opened and not closed before the file ends: close it, or double the quotes inside of texts.";
            problem ??= End();
            if (next == '\n') next = bytes.Next();
            if (problem is not null || fields is not [{ Length: 0 }]) yield return new Record(line, fields, problem);

            string? End()
            {
                try
                {
                    fields.Add(Strict.GetString(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(field)));
                    field.Clear();
                    return null;
                }
                catch (DecoderFallbackException)
                {
                    return "not UTF-8 text: save the file as UTF-8.";
                }
            }
        }
    }
}
