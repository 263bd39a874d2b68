using System.Text.Json;

namespace AlignGuard.Models;

/// <summary>Typed look-ups in a JSON file that collect what is wrong, each with file and key, in place of stopping at the first.</summary>
internal sealed class JsonKeys(string file)
{
    private const int Shown = 20;
    private readonly List<string> problems = [];
    private int count;

    public void Add(string key, string problem)
    {
        if (count++ < Shown) problems.Add($"{file}: {key}: {problem}");
    }

    /// <summary>Whether nothing was wrong so far.</summary>
    public bool Ok => count == 0;

    public IReadOnlyList<string> Problems =>
        count <= Shown ? problems : [.. problems, $"{file}: and {count - Shown:N0} more problems of this kind."];

    /// <exception cref="ModelFormatException">Something was wrong.</exception>
    public void ThrowIfAny()
    {
        if (!Ok) throw new ModelFormatException(Problems);
    }

    /// <summary>The value of a key; null when the key is absent or null.</summary>
    public static JsonElement? Find(JsonElement parent, string key) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null
            ? value : null;

    public JsonElement? Object(JsonElement parent, string key, string path) => OfKind(parent, key, path, JsonValueKind.Object, "an object");

    public JsonElement? List(JsonElement parent, string key, string path) => OfKind(parent, key, path, JsonValueKind.Array, "a list");

    public string? String(JsonElement parent, string key, string path) =>
        OfKind(parent, key, path, JsonValueKind.String, "a string") is { } value ? Text(value, path) : null;

    public bool Bool(JsonElement parent, string key, string path, bool absent = false)
    {
        if (Find(parent, key) is not { } value) return absent;
        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False)) Add(path, $"must be true or false, not {Name(value)}.");
        return value.ValueKind == JsonValueKind.True;
    }

    public int? Id(JsonElement value, string path)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var id) && id is >= 0 and < 1 << 30) return id;
        Add(path, $"must be a token id (an integer ≥ 0), not {Name(value)}.");
        return null;
    }

    /// <summary>The text of a string element; null, with a problem, when it is no string.</summary>
    public string? Text(JsonElement value, string path)
    {
        if (value.ValueKind == JsonValueKind.String) return value.GetString();
        Add(path, $"must be a string, not {Name(value)}.");
        return null;
    }

    private JsonElement? OfKind(JsonElement parent, string key, string path, JsonValueKind kind, string expected)
    {
        if (Find(parent, key) is not { } value) return null;
        if (value.ValueKind == kind) return value;
        Add(path, $"must be {expected}, not {Name(value)}.");
        return null;
    }

    private static string Name(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => $"the number {(value.GetRawText() is { Length: <= 30 } raw ? raw : "given")}",
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => "null",
    };
}
