using System.Text.Json;

namespace AlignGuard.Evaluation.Tasks.Benchmarks;

/// <summary>A row of a benchmark's file, read by field names. What is wrong is noted, not thrown, so that one look finds all of it.</summary>
/// <param name="id">The row's name in results.</param>
/// <param name="place">What a complaint begins with: <c>file:line</c>.</param>
/// <param name="fields">JSON values; columns of a table are JSON strings.</param>
/// <param name="problems">Takes what is wrong.</param>
public sealed class FieldRow(string id, string place, IReadOnlyDictionary<string, JsonElement> fields, List<string> problems)
{
    public string Id => id;

    /// <summary>The text of the first of the fields <paramref name="names"/> that the row has; "" where it is wrong.</summary>
    public string Text(params string[] names) => Find(names) switch
    {
        null => "",
        (_, { ValueKind: JsonValueKind.String } value) when !string.IsNullOrWhiteSpace(value.GetString()) => value.GetString()!.Trim(),
        var (name, value) => Wrong("", $"'{name}' is {Shown(value)}; a text is expected."),
    };

    /// <summary>The text of a field as it is written, blanks at its ends included; "" where there is none.</summary>
    public string Raw(string name) => fields.TryGetValue(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    /// <summary>Which of the written <paramref name="labels"/> the field holds; numbers and true/false are compared as they are written. 0 where it is wrong.</summary>
    public int Label(string[] names, params string[][] labels)
    {
        if (Find(names) is not var (name, value)) return 0;
        var text = value.ValueKind == JsonValueKind.String ? value.GetString()!.Trim() : value.GetRawText();
        var label = Array.FindIndex(labels, spellings => spellings.Contains(text, StringComparer.OrdinalIgnoreCase));
        return label >= 0 ? label : Wrong(0, $"'{name}' is {Shown(value)}; {string.Join(", ", labels.Select(l => string.Join(" or ", l)))} are expected{(text is "-1" or "-" ? ": the file has no labels, as a test split has none; take the dev split" : "")}.");
    }

    /// <summary>A whole number in [<paramref name="from"/>, <paramref name="below"/>).</summary>
    public int Number(string name, int from, int below)
    {
        if (Find(name) is not var (_, value)) return from;
        var known = value.ValueKind == JsonValueKind.Number ? value.TryGetInt32(out var number) : int.TryParse(value.ValueKind == JsonValueKind.String ? value.GetString() : "", out number);
        return known && number >= from && number < below ? number : Wrong(from, $"'{name}' is {Shown(value)}; a whole number from {from} to {below - 1} is expected.");
    }

    /// <summary>The texts of a list, which may be empty.</summary>
    public IReadOnlyList<string> List(string name)
    {
        if (Find(name) is not var (_, value)) return [];
        return value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String)
            ? [.. value.EnumerateArray().Select(e => e.GetString()!)]
            : Wrong<IReadOnlyList<string>>([], $"'{name}' is {Shown(value)}; a list of texts is expected.");
    }

    /// <summary>The object of a field, as a row of its own.</summary>
    public FieldRow Object(string name, string? suffix = null) => Find(name) is var (_, value) && value.ValueKind == JsonValueKind.Object
        ? Of(value, suffix)
        : new FieldRow(id, place, Wrong(new Dictionary<string, JsonElement>(), Has(name) ? $"'{name}' is no object." : null), []);

    /// <summary>The objects of a list, as rows of their own; <paramref name="suffix"/> names each within this row.</summary>
    public IEnumerable<FieldRow> Objects(string name, Func<int, string> suffix)
    {
        if (Find(name) is not var (_, value)) return [];
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(e => e.ValueKind != JsonValueKind.Object)) return Wrong<IEnumerable<FieldRow>>([], $"'{name}' is {Shown(value)}; a list of objects is expected.");
        return value.EnumerateArray().Index().Select(e => Of(e.Item, suffix(e.Index))).ToList();
    }

    public bool Has(string name) => fields.ContainsKey(name);

    /// <summary>Notes what is wrong with the row and goes on with <paramref name="instead"/>.</summary>
    public T Wrong<T>(T instead, string? problem)
    {
        if (problem is not null) problems.Add($"{place}: {problem}");
        return instead;
    }

    internal static IReadOnlyDictionary<string, JsonElement> Named(JsonElement value) => value.EnumerateObject().GroupBy(p => p.Name).ToDictionary(p => p.Key, p => p.Last().Value.Clone(), StringComparer.OrdinalIgnoreCase);

    private FieldRow Of(JsonElement value, string? suffix) => new(id + suffix, place + (suffix is null ? "" : $" ({suffix})"), Named(value), problems);

    private (string Name, JsonElement Value)? Find(params string[] names)
    {
        foreach (var name in names)
            if (fields.TryGetValue(name, out var value)) return (name, value);
        problems.Add($"{place}: there is no field '{string.Join("' or '", names)}'; the row has {(fields.Count == 0 ? "none" : string.Join(", ", fields.Keys))}.");
        return null;
    }

    private static string Shown(JsonElement value) => value.GetRawText() is { Length: > 60 } longer ? longer[..60] + "…" : value.GetRawText();
}
