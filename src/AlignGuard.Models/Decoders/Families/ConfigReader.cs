using AlignGuard.Models.Networks;
using System.Text.Json;

namespace AlignGuard.Models.Decoders.Families;

/// <summary>Reads keys of a config.json (4.x and 5.x layouts of transformers) and collects what is wrong with them.</summary>
internal sealed class ConfigReader(string path, JsonElement root)
{
    public List<string> Problems { get; } = [];

    /// <summary>What is computed otherwise than a reader of the file might expect.</summary>
    public List<string> Notes { get; } = [];

    public string? Text(string key) => Text(root, key);

    public bool Flag(string key, bool otherwise = false) => Flag(root, key, otherwise, path, Problems);

    /// <param name="place">Of <paramref name="from"/>, for sentences.</param>
    public static bool Flag(JsonElement from, string key, bool otherwise, string place, List<string> problems)
    {
        if (!from.TryGetProperty(key, out var v) || v.ValueKind == JsonValueKind.Null) return otherwise;
        if (v.ValueKind is not (JsonValueKind.True or JsonValueKind.False)) problems.Add($"{place}: '{key}' is {Shown(v)}; true or false is expected.");
        return v.ValueKind == JsonValueKind.True;
    }

    public int Positive(string key)
    {
        var value = Integer(root, key);
        if (value is null) Problems.Add($"{path}: '{key}' is missing.");
        else if (value < 1) Problems.Add($"{path}: '{key}' is {value}; it must be positive.");
        return value ?? 0;
    }

    public int? Integer(string key) => Integer(root, key);

    /// <param name="absent">What the family takes where the key is left out; a null in the file stays a null.</param>
    public int? Integer(string key, int? absent) => root.TryGetProperty(key, out _) ? Integer(root, key) : absent;

    public double? Number(string key) => Number(root, key);

    /// <inheritdoc cref="Integer(string, int?)"/>
    public double? Number(string key, double? absent) => root.TryGetProperty(key, out _) ? Number(root, key) : absent;

    /// <inheritdoc cref="Integer(string, int?)"/>
    public IReadOnlyList<int> Ids(string key, int? absent = null) =>
        root.TryGetProperty(key, out var v) && v.ValueKind == JsonValueKind.Array ? [.. v.EnumerateArray().Select(e => Whole(key, e)).OfType<int>()] : Integer(key, absent) is { } one ? [one] : [];

    /// <summary>The texts of a list; null where there is none.</summary>
    public IReadOnlyList<string>? Texts(string key) =>
        root.TryGetProperty(key, out var v) && v.ValueKind == JsonValueKind.Array ? [.. v.EnumerateArray().Select(e => e.ValueKind == JsonValueKind.String ? e.GetString()! : e.GetRawText())] : null;

    /// <summary>Tells of a feature that is not computed here.</summary>
    public void Refuse(string key, string why)
    {
        var value = root.TryGetProperty(key, out var v) ? Shown(v) : "missing";
        Problems.Add($"{path}: '{key}' is {value}: {why}");
    }

    /// <summary>Dropout of the model's own training: its frozen weights compute as they answer, and only the adapter drops out.</summary>
    public void NotDropped(params string[] keys)
    {
        foreach (var key in keys)
            if (Number(key) is { } rate and not 0) Notes.Add(FormattableString.Invariant($"'{key}' is {rate}: not applied. Training leaves the model's own dropout off; lora.dropout is the adapter's."));
    }

    /// <param name="keys">Of them the first that is given counts.</param>
    public Activation Activation(Activation otherwise, params string[] keys)
    {
        if (keys.FirstOrDefault(k => Text(k) is not null) is not { } key) return otherwise;
        switch (Text(key))
        {
            case "silu" or "swish":
                return Networks.Activation.Silu;
            case "gelu":
                return Networks.Activation.Gelu;
            case "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast":
                return Networks.Activation.GeluTanh;
            case "relu":
                return Networks.Activation.Relu;
            default:
                Refuse(key, "this activation is not computed here; known: silu, gelu, gelu_new, gelu_pytorch_tanh, relu.");
                return otherwise;
        }
    }

    /// <inheritdoc cref="RopeReader"/>
    public RopeConfig Rope(double theta, int positions) => new RopeReader(path, root, Problems, Notes).Read(theta, positions);

    /// <summary>What the families of Llama's kind have in common.</summary>
    /// <param name="absent">What this one takes where a key is left out.</param>
    public DecoderConfig Common(FamilyDefaults absent)
    {
        int hidden = Positive("hidden_size"), heads = Positive("num_attention_heads");
        // Left out it is the family's; null means as many as there are heads.
        var kvHeads = Integer("num_key_value_heads", absent.KvHeads) ?? heads;
        var headDim = Integer("head_dim") ?? absent.HeadDim ?? (heads > 0 ? hidden / heads : 0);
        if (kvHeads < 1 || (heads > 0 && heads % Math.Max(kvHeads, 1) != 0)) Problems.Add($"{path}: num_key_value_heads is {kvHeads}{(root.TryGetProperty("num_key_value_heads", out _) ? "" : " where it is left out")}; it must divide num_attention_heads ({heads}).");
        if (headDim < 2 || headDim % 2 != 0) Problems.Add($"{path}: head_dim is {headDim}; rotary embeddings need a positive even number.");
        var positions = Integer("max_position_embeddings") ?? absent.Positions;
        if (positions < 1) Problems.Add($"{path}: 'max_position_embeddings' is {positions}; it must be positive.");
        NotDropped("attention_dropout");
        var rope = Rope(absent.RopeTheta, positions);
        return new DecoderConfig
        {
            VocabSize = Positive("vocab_size"),
            HiddenSize = hidden,
            IntermediateSize = Positive("intermediate_size"),
            Layers = Positive("num_hidden_layers"),
            Heads = heads,
            KvHeads = kvHeads,
            HeadDim = headDim,
            Activation = Activation(Networks.Activation.Silu, "hidden_act"),
            NormEps = Number("rms_norm_eps") ?? absent.NormEps,
            Rope = rope,
            TieWordEmbeddings = Flag("tie_word_embeddings", absent.Tied),
            // A rotation that slows with the length has no end.
            MaxPositions = rope.Type == "dynamic" ? int.MaxValue : positions,
            BosId = Integer("bos_token_id", absent.BosId),
            EosIds = Ids("eos_token_id", absent.EosId),
            PadId = Integer("pad_token_id", absent.PadId),
        };
    }

    /// <summary>A value as it stands in the file, cut where it is long.</summary>
    public static string Shown(JsonElement value) => value.GetRawText() is { Length: > 60 } text ? text[..60] + "..." : value.GetRawText();

    private int? Integer(JsonElement from, string key) => !from.TryGetProperty(key, out var v) || v.ValueKind is JsonValueKind.Null or JsonValueKind.Array ? null : Whole(key, v);

    private int? Whole(string key, JsonElement v)
    {
        if (v.ValueKind == JsonValueKind.Number && v.TryGetInt32(out var n)) return n;
        Problems.Add($"{path}: '{key}' is {v.GetRawText()}; a whole number is expected.");
        return null;
    }

    private double? Number(JsonElement from, string key)
    {
        if (!from.TryGetProperty(key, out var v) || v.ValueKind == JsonValueKind.Null) return null;
        if (v.ValueKind == JsonValueKind.Number) return v.GetDouble();
        Problems.Add($"{path}: '{key}' is {v.GetRawText()}; a number is expected.");
        return null;
    }

    private static string? Text(JsonElement from, string key) => from.TryGetProperty(key, out var v) && v.ValueKind == JsonValueKind.String ? v.GetString() : null;
}
