using System.Text.Json;
using AlignGuard.Evaluation.Prompts;

namespace AlignGuard.Evaluation.Tasks.Benchmarks;

/// <summary>How a benchmark's file lays out its rows. Problems of all rows are noted; rows that could not be read are left out.</summary>
public abstract record RowLayout
{
    /// <param name="path">As complaints name the file.</param>
    public abstract IEnumerable<FieldRow> Rows(string path, string content, List<string> problems);

    /// <summary>GLUE's tables: fields parted by tabs, quotes mean nothing. <paramref name="Columns"/> names the columns of a file without a header; empty = the first line is the header.</summary>
    public sealed record Tsv(params string[] Columns) : RowLayout
    {
        public override IEnumerable<FieldRow> Rows(string path, string content, List<string> problems)
        {
            var lines = content.Replace("\r\n", "\n", StringComparison.Ordinal).TrimEnd('\n').Split('\n');
            var names = Columns.Length > 0 ? Columns : lines[0].Split('\t');
            for (var n = Columns.Length > 0 ? 0 : 1; n < lines.Length; n++)
            {
                var values = lines[n].Split('\t');
                if (values.Length != names.Length) problems.Add($"{path}:{n + 1}: the line has {values.Length} fields parted by tabs, {names.Length} are expected ({string.Join(", ", names)}).");
                else yield return Row(path, n + 1, Columned(names, values), problems);
            }
        }
    }

    /// <summary>RFC 4180 without a header, as MMLU's.</summary>
    public sealed record Csv(params string[] Columns) : RowLayout
    {
        public override IEnumerable<FieldRow> Rows(string path, string content, List<string> problems)
        {
            foreach (var record in CsvRecords.Read(content))
            {
                if (record.Error is { } error) problems.Add($"{path}:{record.Line}: {error}.");
                else if (record.Fields.Count != Columns.Length) problems.Add($"{path}:{record.Line}: the row has {record.Fields.Count} fields, {Columns.Length} are expected ({string.Join(", ", Columns)}); quote fields that hold commas.");
                else yield return Row(path, record.Line, Columned(Columns, record.Fields), problems);
            }
        }
    }

    /// <summary>An object a line, as SuperGLUE's.</summary>
    public sealed record Jsonl : RowLayout
    {
        public override IEnumerable<FieldRow> Rows(string path, string content, List<string> problems)
        {
            var lines = content.Replace("\r\n", "\n", StringComparison.Ordinal).TrimEnd('\n').Split('\n');
            for (var n = 0; n < lines.Length; n++)
                if (Parse(lines[n], $"{path}:{n + 1}", problems) is { } value) yield return Row(path, n + 1, FieldRow.Named(value), problems);
        }

        private static JsonElement? Parse(string line, string place, List<string> problems)
        {
            try
            {
                using var document = JsonDocument.Parse(line);
                if (document.RootElement.ValueKind == JsonValueKind.Object && IsUnicode(document.RootElement)) return document.RootElement.Clone();
                problems.Add(document.RootElement.ValueKind == JsonValueKind.Object ? $"{place}: {LoneSurrogate}" : $"{place}: the line is a JSON {document.RootElement.ValueKind}, not an object.");
            }
            catch (JsonException e)
            {
                problems.Add($"{place}: the line is not valid JSON (at character {e.BytePositionInLine + 1}).");
            }
            return null;
        }
    }

    /// <summary>One document with a list of objects under <paramref name="Key"/>, as AdvGLUE's; "" = the document is the list. Places are indices there: the document's lines are not known.</summary>
    public sealed record Json(string Key) : RowLayout
    {
        public override IEnumerable<FieldRow> Rows(string path, string content, List<string> problems)
        {
            if (Document(path, content, problems) is not { } document) yield break;
            if (Rows(document) is not { } rows)
            {
                problems.Add($"{path}: there is no list{(Key.Length > 0 ? $" '{Key}'" : "")}{(document.ValueKind == JsonValueKind.Object ? $"; the document has {string.Join(", ", document.EnumerateObject().Select(p => p.Name))}" : "")}.");
                yield break;
            }
            foreach (var (n, row) in rows.EnumerateArray().Index())
            {
                if (row.ValueKind == JsonValueKind.Object && !IsUnicode(row)) problems.Add($"{path}: {Key}[{n}]: {LoneSurrogate}");
                else if (row.ValueKind == JsonValueKind.Object) yield return new FieldRow($"{Path.GetFileName(path)}:{Key}[{n}]", $"{path}: {Key}[{n}]", FieldRow.Named(row), problems);
                else problems.Add($"{path}: {Key}[{n}]: is a JSON {row.ValueKind}, not an object.");
            }
        }

        private JsonElement? Rows(JsonElement document)
        {
            var rows = Key.Length == 0 ? document : document.ValueKind == JsonValueKind.Object && document.TryGetProperty(Key, out var list) ? list : default;
            return rows.ValueKind == JsonValueKind.Array ? rows : null;
        }

        private static JsonElement? Document(string path, string content, List<string> problems)
        {
            try
            {
                using var document = JsonDocument.Parse(content);
                return document.RootElement.Clone();
            }
            catch (JsonException e)
            {
                problems.Add($"{path}:{e.LineNumber + 1}: the file is not valid JSON (at character {e.BytePositionInLine + 1}).");
                return null;
            }
        }
    }

    /// <summary>A document that is a list of objects, or an object a line.</summary>
    public sealed record JsonOrLines : RowLayout
    {
        public override IEnumerable<FieldRow> Rows(string path, string content, List<string> problems) =>
            (content.AsSpan().TrimStart().StartsWith("[") ? (RowLayout)new Json("") : new Jsonl()).Rows(path, content, problems);
    }

    private const string LoneSurrogate = "a string is not valid Unicode (a lone surrogate escape).";

    /// <summary>JSON can escape half of a surrogate pair; no string can hold it.</summary>
    private static bool IsUnicode(JsonElement value)
    {
        try
        {
            return value.ValueKind switch
            {
                JsonValueKind.String => value.GetString() is not null,
                JsonValueKind.Array => value.EnumerateArray().All(IsUnicode),
                JsonValueKind.Object => value.EnumerateObject().All(p => p.Name is not null && IsUnicode(p.Value)),
                _ => true,
            };
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static FieldRow Row(string path, int line, IReadOnlyDictionary<string, JsonElement> fields, List<string> problems) => new($"{Path.GetFileName(path)}:{line}", $"{path}:{line}", fields, problems);

    private static Dictionary<string, JsonElement> Columned(IReadOnlyList<string> names, IReadOnlyList<string> values) =>
        names.Zip(values).DistinctBy(p => p.First).ToDictionary(p => p.First.Trim(), p => JsonSerializer.SerializeToElement(p.Second), StringComparer.OrdinalIgnoreCase);
}
