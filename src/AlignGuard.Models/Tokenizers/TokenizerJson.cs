using System.Text.Json;

namespace AlignGuard.Models.Tokenizers;

/// <summary>What tokenizer.json says, checked: a BPE or unigram model and the steps around it.</summary>
internal sealed partial class TokenizerJson
{
    public const string FileName = "tokenizer.json";

    private const int MaxTokenLength = 1024;

    private readonly JsonKeys keys;
    private readonly List<INormalizer> normalizers = [];
    private readonly List<IPreTokenizer> steps = [];
    private readonly List<IDecoder> decoders = [];

    private TokenizerJson(string path) => keys = new JsonKeys(path);

    public Dictionary<string, int> Vocab { get; } = new(StringComparer.Ordinal);

    public List<(string Left, string Right)> Merges { get; } = [];

    public List<AddedToken> Added { get; } = [];

    /// <summary>A piece that is itself in the vocabulary is taken whole, whatever the merges say.</summary>
    public bool IgnoreMerges { get; private set; }

    /// <summary>What bytes without a symbol become; null: they vanish, as in the reference.</summary>
    public string? UnknownToken { get; private set; }

    /// <summary>Ids that addSpecialTokens puts before and after the text.</summary>
    public List<int> Prefix { get; } = [];

    public List<int> Suffix { get; } = [];

    /// <summary>Neighbouring unknown characters are one unknown token.</summary>
    public bool FuseUnknown { get; private set; }

    /// <summary>What the vocabulary lacks is written in tokens of its bytes.</summary>
    public bool ByteFallback { get; private set; }

    /// <summary>The model is unigram; else BPE.</summary>
    public bool IsUnigram { get; private set; }

    /// <summary>Log-probabilities by id; of unigram models.</summary>
    public List<double> Scores { get; } = [];

    /// <summary>The unknown token of unigram models.</summary>
    public int? UnknownId { get; private set; }

    /// <summary>Tokens are written in <see cref="ByteAlphabet"/>.</summary>
    public bool DecodesBytes { get; private set; }

    public bool UsesUnicodeForms { get; private set; }

    public IReadOnlyList<INormalizer> Normalizers => normalizers;

    public IReadOnlyList<IDecoder> Decoders => decoders;

    public IPreTokenizer PreTokenizer => new PreTokenizerSequence(steps);

    /// <exception cref="ModelFormatException">All that is damaged or not supported, each with its key.</exception>
    public static TokenizerJson Read(string path)
    {
        using var document = ModelJson.Read(path);
        var root = document.RootElement;
        var json = new TokenizerJson(path);
        json.ReadModel(root);
        json.ReadAdded(root);
        json.ReadNormalizer(JsonKeys.Find(root, "normalizer"), "normalizer");
        json.ReadPreTokenizer(JsonKeys.Find(root, "pre_tokenizer"), "pre_tokenizer");
        json.ReadDecoders(root);
        json.ReadPostProcessor(JsonKeys.Find(root, "post_processor"), "post_processor");
        json.keys.ThrowIfAny();
        return json;
    }

    private void ReadModel(JsonElement root)
    {
        if (keys.Object(root, "model", "model") is not { } model)
        {
            keys.Add("model", "is missing.");
            return;
        }
        // Older files have no type; those with merges are BPE.
        var type = keys.String(model, "type", "model.type") ?? (JsonKeys.Find(model, "merges") is not null ? "BPE" : JsonKeys.Find(model, "unk_id") is not null ? "Unigram" : "none");
        ByteFallback = keys.Bool(model, "byte_fallback", "model.byte_fallback");
        switch (type)
        {
            case "BPE": ReadBpe(model); break;
            case "Unigram": ReadUnigram(model); break;
            default: keys.Add("model.type", $"'{type}' is not supported: BPE (GPT-2, Llama, Mistral, Gemma, Qwen) and Unigram (T5) are."); break;
        }
    }

    private void ReadBpe(JsonElement model)
    {
        if (JsonKeys.Find(model, "dropout") is { } dropout && !(dropout.ValueKind == JsonValueKind.Number && dropout.TryGetDouble(out var rate) && rate == 0))
            keys.Add("model.dropout", "must be null: random merges would give other ids at each run.");
        foreach (var affix in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
            if (keys.String(model, affix, $"model.{affix}") is { Length: > 0 })
                keys.Add($"model.{affix}", "is not supported: leave it null.");
        FuseUnknown = keys.Bool(model, "fuse_unk", "model.fuse_unk");
        IgnoreMerges = keys.Bool(model, "ignore_merges", "model.ignore_merges");
        ReadVocab(model);
        ReadMerges(model);
        UnknownToken = keys.String(model, "unk_token", "model.unk_token") is { Length: > 0 } unknown ? unknown : null;
        if (UnknownToken is not null && !Vocab.ContainsKey(UnknownToken)) keys.Add("model.unk_token", $"'{UnknownToken}' is not in model.vocab.");
    }

    private void ReadVocab(JsonElement model)
    {
        if (keys.Object(model, "vocab", "model.vocab") is not { } vocab)
        {
            keys.Add("model.vocab", "is missing: expected a map from token to id.");
            return;
        }
        var owner = new Dictionary<int, string>();
        foreach (var entry in vocab.EnumerateObject())
        {
            if (keys.Id(entry.Value, $"model.vocab['{entry.Name}']") is not { } id) continue;
            if (!owner.TryAdd(id, entry.Name)) keys.Add($"model.vocab['{entry.Name}']", $"has the id {id} of '{owner[id]}'.");
            Vocab[entry.Name] = id;
        }
        if (Vocab.Count == 0) keys.Add("model.vocab", "is empty.");
    }

    private void ReadMerges(JsonElement model)
    {
        if (keys.List(model, "merges", "model.merges") is not { } merges)
        {
            keys.Add("model.merges", "is missing: expected a list of pairs.");
            return;
        }
        var seen = new HashSet<(string, string)>();
        var i = -1;
        foreach (var merge in merges.EnumerateArray())
        {
            var key = $"model.merges[{++i}]";
            if (ReadPair(merge, key) is not { } pair) continue;
            if (!seen.Add(pair)) keys.Add(key, $"'{pair.Left}' + '{pair.Right}' is listed twice.");
            foreach (var token in (string[])[pair.Left, pair.Right, pair.Left + pair.Right])
                if (!Vocab.ContainsKey(token)) keys.Add(key, $"'{token}' is not in model.vocab: the two are of different files.");
            Merges.Add(pair);
        }
    }

    // "a b" up to tokenizers 0.19, ["a", "b"] since.
    private (string Left, string Right)? ReadPair(JsonElement merge, string key)
    {
        var parts = new List<string?>();
        if (merge.ValueKind == JsonValueKind.Array) parts.AddRange(merge.EnumerateArray().Take(3).Select(part => keys.Text(part, key)));
        else parts.AddRange(keys.Text(merge, key)?.Split(' ') ?? []);
        if (parts is [{ Length: > 0 } left, { Length: > 0 } right] ) return (left, right);
        keys.Add(key, "must be two tokens without spaces, as \"a b\" or [\"a\", \"b\"].");
        return null;
    }

    private void ReadAdded(JsonElement root)
    {
        if (keys.List(root, "added_tokens", "added_tokens") is not { } added) return;
        var owner = Vocab.GroupBy(v => v.Value).ToDictionary(v => v.Key, v => v.First().Key);
        var i = -1;
        foreach (var token in added.EnumerateArray())
        {
            var key = $"added_tokens[{++i}]";
            var content = keys.String(token, "content", $"{key}.content");
            if (content is not { Length: > 0 })
            {
                keys.Add($"{key}.content", "is missing or empty.");
                continue;
            }
            if (JsonKeys.Find(token, "id") is not { } idValue)
            {
                keys.Add($"{key}.id", "is missing.");
                continue;
            }
            if (keys.Id(idValue, $"{key}.id") is not { } id) continue;
            if (owner.TryGetValue(id, out var other) && other != content) keys.Add($"{key}.id", $"{id} is already the id of '{other}'.");
            else if (Vocab.TryGetValue(content, out var known) && known != id) keys.Add($"{key}.id", $"'{content}' has the id {known} in model.vocab, {id} here.");
            owner[id] = content;
            bool Flag(string name, bool absent = false) => keys.Bool(token, name, $"{key}.{name}", absent);
            Added.Add(new AddedToken(id, content, Flag("special"), Flag("single_word"), Flag("lstrip"), Flag("rstrip"), Flag("normalized")));
        }
    }
}
