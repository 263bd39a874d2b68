using System.Text.Json;

namespace AlignGuard.Models.Tokenizers;

/// <summary>What stands beside tokenizer.json: the roles of tokens, the chat template, the ids that end a generation. Each file is optional.</summary>
internal sealed record TokenizerConfig(string? Bos, string? Eos, string? Pad, string? ChatTemplate, IReadOnlyList<int> EndIds)
{
    public const string FileName = "tokenizer_config.json";

    public static TokenizerConfig Read(string folder)
    {
        var config = new TokenizerConfig(null, null, null, null, ReadEndIds(Path.Combine(folder, "generation_config.json")));
        var path = Path.Combine(folder, FileName);
        if (File.Exists(path))
        {
            using var document = ModelJson.Read(path);
            var keys = new JsonKeys(path);
            var root = document.RootElement;
            config = config with
            {
                Bos = TokenText(root, "bos_token", keys),
                Eos = TokenText(root, "eos_token", keys),
                Pad = TokenText(root, "pad_token", keys),
                ChatTemplate = ReadTemplate(root, keys),
            };
            keys.ThrowIfAny();
        }
        // Newer exports keep the template in a file of its own, which wins.
        var jinja = Path.Combine(folder, "chat_template.jinja");
        return File.Exists(jinja) ? config with { ChatTemplate = File.ReadAllText(jinja) } : config;
    }

    // A string, or an AddedToken object.
    private static string? TokenText(JsonElement root, string key, JsonKeys keys) =>
        JsonKeys.Find(root, key) switch
        {
            null => null,
            { ValueKind: JsonValueKind.Object } token => keys.String(token, "content", $"{key}.content"),
            { } text => keys.Text(text, key),
        };

    // A string, or a list of named templates of which "default" is for plain chats.
    private static string? ReadTemplate(JsonElement root, JsonKeys keys)
    {
        if (JsonKeys.Find(root, "chat_template") is not { } template) return null;
        if (template.ValueKind != JsonValueKind.Array) return keys.Text(template, "chat_template");
        foreach (var named in template.EnumerateArray())
            if (keys.String(named, "name", "chat_template[].name") == "default")
                return keys.String(named, "template", "chat_template[].template");
        return null;
    }

    private static IReadOnlyList<int> ReadEndIds(string path)
    {
        if (!File.Exists(path)) return [];
        using var document = ModelJson.Read(path);
        var keys = new JsonKeys(path);
        IReadOnlyList<int> ids = JsonKeys.Find(document.RootElement, "eos_token_id") switch
        {
            null => [],
            { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(id => keys.Id(id, "eos_token_id") ?? 0)],
            { } one => [keys.Id(one, "eos_token_id") ?? 0],
        };
        keys.ThrowIfAny();
        return ids;
    }
}
