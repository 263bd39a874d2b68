using System.Text;
using System.Text.Json;

namespace AlignGuard.Models.Tokenizers;

/// <summary>What stands beside tokenizer.json: the roles of tokens, the chat template, the ids that end a generation. Each file is optional.</summary>
/// <param name="Tokens">The text of special tokens by their role, as <c>bos_token</c>; roles without one are absent.</param>
internal sealed record TokenizerConfig(IReadOnlyDictionary<string, string> Tokens, string? ChatTemplate, bool TemplateHasFile, IReadOnlyList<int> EndIds)
{
    public const string FileName = "tokenizer_config.json";

    /// <summary>Newer exports keep the template in a file of its own.</summary>
    public const string TemplateFileName = "chat_template.jinja";

    private const long MaxTemplateBytes = 1 << 20;

    private static readonly string[] Roles = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    public string? Bos => Tokens.GetValueOrDefault("bos_token");

    public string? Eos => Tokens.GetValueOrDefault("eos_token");

    public string? Pad => Tokens.GetValueOrDefault("pad_token");

    public string TemplatePlace(string folder) => TemplateHasFile ? Path.Combine(folder, TemplateFileName) : $"{Path.Combine(folder, FileName)}: chat_template";

    public static TokenizerConfig Read(string folder)
    {
        var config = new TokenizerConfig(new Dictionary<string, string>(), null, false, ReadEndIds(Path.Combine(folder, "generation_config.json")));
        var path = Path.Combine(folder, FileName);
        if (File.Exists(path))
        {
            using var document = ModelJson.Read(path);
            var keys = new JsonKeys(path);
            var root = document.RootElement;
            var tokens = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var role in Roles)
                if (TokenText(root, role, keys) is { } token) tokens[role] = token;
            config = config with { Tokens = tokens, ChatTemplate = ReadTemplate(root, keys) };
            if (config.ChatTemplate is { Length: > (int)MaxTemplateBytes }) keys.Add("chat_template", $"has {config.ChatTemplate.Length:N0} characters, more than the {MaxTemplateBytes:N0} allowed.");
            keys.ThrowIfAny();
        }
        var jinja = Path.Combine(folder, TemplateFileName);
        return File.Exists(jinja) ? config with { ChatTemplate = ReadFile(jinja), TemplateHasFile = true } : config;
    }

    private static string ReadFile(string path)
    {
        var length = new FileInfo(path).Length;
        if (length > MaxTemplateBytes) throw new ModelFormatException($"{path} has {length:N0} bytes, more than the {MaxTemplateBytes:N0} allowed: this is not a chat template.");
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(path)).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException e)
        {
            throw new ModelFormatException($"{path}: not UTF-8 text at byte {e.Index + 1}: save it as UTF-8, or download it again.", e);
        }
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
