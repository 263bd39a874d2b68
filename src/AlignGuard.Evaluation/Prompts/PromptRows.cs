using System.Text.Json;

namespace AlignGuard.Evaluation.Prompts;

/// <summary>The rows of a prompt file as named fields, or what is wrong with each.</summary>
internal static class PromptRows
{
    /// <param name="Line">From 1; 0 for what concerns the whole file.</param>
    internal sealed record Row(int Line, IReadOnlyDictionary<string, string>? Fields, string? Error);

    public static IEnumerable<Row> Text(string content) =>
        content.Split('\n').Index()
            .Where(l => !string.IsNullOrWhiteSpace(l.Item))
            .Select(l => new Row(l.Index + 1, new Dictionary<string, string> { ["text"] = l.Item }, null));

    public static IEnumerable<Row> Json(string content, IReadOnlyList<string> textFields)
    {
        var lines = content.TrimEnd('\n', '\r').Split('\n');
        for (var i = 0; i < lines.Length && content.Length > 0; i++)
            yield return JsonRow(i + 1, lines[i], textFields);
    }

    private static Row JsonRow(int line, string json, IReadOnlyList<string> textFields)
    {
        if (string.IsNullOrWhiteSpace(json))
            return new Row(line, null, "the line is empty; remove it.");
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return new Row(line, null, $"the line is a JSON {document.RootElement.ValueKind}, not an object.");
            var fields = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            foreach (var property in document.RootElement.EnumerateObject())
            {
                // A null means that the row does not say.
                if (property.Value.ValueKind != JsonValueKind.Null)
                    fields[property.Name] = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString()! : property.Value.GetRawText();
            }
            foreach (var name in textFields.Where(fields.ContainsKey).Take(1))
            {
                var kind = document.RootElement.EnumerateObject().Last(p => p.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Value.ValueKind;
                if (kind != JsonValueKind.String)
                    return new Row(line, null, $"the field '{name}' is a JSON {kind}, not a string.");
            }
            return new Row(line, fields, null);
        }
        catch (JsonException e)
        {
            return new Row(line, null, $"the line is not valid JSON (at character {e.BytePositionInLine + 1}).");
        }
        catch (InvalidOperationException)
        {
            return new Row(line, null, "a string of the line is not valid Unicode (a lone surrogate escape).");
        }
    }

    public static IEnumerable<Row> Csv(string content, IReadOnlyList<string> textFields)
    {
        var records = CsvRecords.Read(content);
        if (records.Count == 0)
            yield break;
        var header = records[0];
        if (header.Error is not null)
        {
            yield return new Row(header.Line, null, $"in the header {header.Error}.");
            yield break;
        }
        var names = header.Fields.Select(f => f.Trim()).ToList();
        if (!names.Any(n => textFields.Contains(n, StringComparer.OrdinalIgnoreCase)))
        {
            yield return new Row(header.Line, null, $"the header has no column {string.Join(", ", textFields)}; it has {string.Join(", ", names)}.");
            yield break;
        }
        foreach (var record in records.Skip(1))
        {
            if (record.Error is not null)
                yield return new Row(record.Line, null, record.Error + ".");
            else if (record.Fields is [var only] && string.IsNullOrWhiteSpace(only) && names.Count > 1)
                yield return new Row(record.Line, null, "the line is empty; remove it.");
            else if (record.Fields.Count != names.Count)
                yield return new Row(record.Line, null, $"the row has {record.Fields.Count} fields and the header {names.Count}; quote fields that hold commas.");
            else
                yield return new Row(record.Line, Named(names, record.Fields), null);
        }
    }

    private static Dictionary<string, string> Named(IReadOnlyList<string> names, IReadOnlyList<string> values)
    {
        var fields = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < names.Count; i++)
            fields[names[i]] = values[i];
        return fields;
    }
}
