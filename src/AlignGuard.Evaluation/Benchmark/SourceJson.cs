using System.Text.Json;
using AlignGuard.Evaluation.Prompts;

namespace AlignGuard.Evaluation.Benchmark;

/// <summary>JSON sources: an object a line, or one array of objects, whatever the file is called (the red-team attempts of HH-RLHF are an array in a <c>.jsonl.gz</c>).</summary>
internal static class SourceJson
{
    private static readonly IReadOnlyDictionary<string, string> None = new Dictionary<string, string>();

    public static IReadOnlyList<SourceRow> Rows(string content) =>
        content.AsSpan().TrimStart() is ['[', ..] ? Array(content) : [.. PromptRows.Json(content, []).Select(r => new SourceRow(r.Line, null, r.Fields ?? None, r.Error))];

    private static List<SourceRow> Array(string content)
    {
        try
        {
            using var document = JsonDocument.Parse(content);
            return [.. document.RootElement.EnumerateArray().Select((row, i) => Row(i + 1, row))];
        }
        catch (JsonException e)
        {
            return [new SourceRow((int)(e.LineNumber ?? 0) + 1, null, None, $"the file is not valid JSON (at character {e.BytePositionInLine + 1} of the line).")];
        }
    }

    private static SourceRow Row(int number, JsonElement row)
    {
        if (row.ValueKind != JsonValueKind.Object) return new SourceRow(1, number, None, $"the row is a JSON {row.ValueKind}, not an object.");
        try
        {
            var fields = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            foreach (var property in row.EnumerateObject())
                if (property.Value.ValueKind != JsonValueKind.Null)
                    fields[property.Name] = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString()! : property.Value.GetRawText();
            return new SourceRow(1, number, fields);
        }
        catch (InvalidOperationException)
        {
            return new SourceRow(1, number, None, "a string of the row is not valid Unicode (a lone surrogate escape).");
        }
    }
}
