using System.Text.Json;

namespace AlignGuard.Models.Decoders.Families;

/// <summary>Reads keys of a config.json (4.x and 5.x layouts of transformers) and collects what is wrong with them.</summary>
internal sealed class ConfigReader(string path, JsonElement root)
{
    public List<string> Problems { get; } = [];

    public string? Text(string key) => Text(root, key);

    public bool Flag(string key, bool otherwise = false) => root.TryGetProperty(key, out var v) && v.ValueKind is JsonValueKind.True or JsonValueKind.False ? v.ValueKind == JsonValueKind.True : otherwise;

    public int Positive(string key)
    {
        var value = Integer(root, key);
        if (value is null) Problems.Add($"{path}: '{key}' is missing.");
        else if (value < 1) Problems.Add($"{path}: '{key}' is {value}; it must be positive.");
        return value ?? 0;
    }

    public int? Integer(string key) => Integer(root, key);

    public double? Number(string key) => Number(root, key);

    public IReadOnlyList<int> Ids(string key) =>
        root.TryGetProperty(key, out var v) && v.ValueKind == JsonValueKind.Array ? [.. v.EnumerateArray().Select(e => Whole(key, e)).OfType<int>()] : Integer(root, key) is { } one ? [one] : [];

    /// <summary>The texts of a list; null where there is none.</summary>
    public IReadOnlyList<string>? Texts(string key) =>
        root.TryGetProperty(key, out var v) && v.ValueKind == JsonValueKind.Array ? [.. v.EnumerateArray().Select(e => e.ValueKind == JsonValueKind.String ? e.GetString()! : e.GetRawText())] : null;

    /// <summary>Tells of a feature that is not computed here.</summary>
    public void Refuse(string key, string why)
    {
        var value = root.TryGetProperty(key, out var v) ? v.GetRawText() : "missing";
        Problems.Add($"{path}: '{key}' is {(value.Length > 60 ? value[..60] + "..." : value)}: {why}");
    }

    /// <param name="keys">Of them the first that is given counts.</param>
    public Activation Activation(Activation otherwise, params string[] keys)
    {
        if (keys.FirstOrDefault(k => Text(k) is not null) is not { } key) return otherwise;
        switch (Text(key))
        {
            case "silu" or "swish":
                return Decoders.Activation.Silu;
            case "gelu":
                return Decoders.Activation.Gelu;
            case "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast":
                return Decoders.Activation.GeluTanh;
            case "relu":
                return Decoders.Activation.Relu;
            default:
                Refuse(key, "this activation is not computed here; known: silu, gelu, gelu_new, gelu_pytorch_tanh, relu.");
                return otherwise;
        }
    }

    public RopeConfig Rope(double theta = 10000)
    {
        // 5.x keeps everything in rope_parameters; 4.x has rope_theta beside a nullable rope_scaling.
        var (key, section) = Section("rope_parameters") is { } v5 ? ("rope_parameters", v5) : ("rope_scaling", Section("rope_scaling") ?? default);
        theta = Number(root, "rope_theta") ?? theta;
        if (section.ValueKind != JsonValueKind.Object) return new RopeConfig { Theta = theta };
        // Layers of a kind may have rotations of their own: one for all is what is computed.
        if (section.EnumerateObject().Any(p => p.Value.ValueKind == JsonValueKind.Object)) Refuse(key, "a rotation for each kind of layer is not computed here.");
        var type = Text(section, "rope_type") ?? Text(section, "type") ?? "default";
        if (!RopeFrequencies.Kinds.Contains(type)) Problems.Add($"{path}: {key}: rope type '{type}' is not computed here; known: {string.Join(", ", RopeFrequencies.Kinds)}.");
        if (Number(section, "partial_rotary_factor") is { } part and not 1) Problems.Add($"{path}: {key}: partial_rotary_factor is {part}: rotating a part of a head is not computed here.");
        foreach (var yarn in new[] { "mscale", "mscale_all_dim" })
            if (type == "yarn" && Number(section, yarn) is not null) Problems.Add($"{path}: {key}: {yarn} is given: this form of yarn is not computed here.");
        return new RopeConfig
        {
            Type = type,
            Theta = Number(section, "rope_theta") ?? theta,
            Factor = Number(section, "factor") ?? 1,
            LowFreqFactor = Number(section, "low_freq_factor") ?? 1,
            HighFreqFactor = Number(section, "high_freq_factor") ?? 4,
            OriginalMaxPositions = Integer(section, "original_max_position_embeddings") ?? (type == "yarn" ? Integer(root, "max_position_embeddings") ?? 2048 : 8192),
            BetaFast = Number(section, "beta_fast") ?? 32,
            BetaSlow = Number(section, "beta_slow") ?? 1,
            AttentionFactor = Number(section, "attention_factor"),
        };
    }

    /// <summary>What the families of Llama's kind have in common.</summary>
    public DecoderConfig Common(int kvHeads)
    {
        int hidden = Positive("hidden_size"), heads = Positive("num_attention_heads");
        var headDim = Integer("head_dim") ?? (heads > 0 ? hidden / heads : 0);
        if (kvHeads < 1 || (heads > 0 && heads % Math.Max(kvHeads, 1) != 0)) Problems.Add($"{path}: num_key_value_heads is {kvHeads}; it must divide num_attention_heads ({heads}).");
        if (headDim < 2 || headDim % 2 != 0) Problems.Add($"{path}: head_dim is {headDim}; rotary embeddings need a positive even number.");
        return new DecoderConfig
        {
            VocabSize = Positive("vocab_size"),
            HiddenSize = hidden,
            IntermediateSize = Positive("intermediate_size"),
            Layers = Positive("num_hidden_layers"),
            Heads = heads,
            KvHeads = kvHeads,
            HeadDim = headDim,
            Activation = Activation(Decoders.Activation.Silu, "hidden_act"),
            NormEps = Number("rms_norm_eps") ?? 1e-6,
            Rope = Rope(),
            TieWordEmbeddings = Flag("tie_word_embeddings"),
            MaxPositions = Integer("max_position_embeddings") ?? 2048,
            BosId = Integer("bos_token_id"),
            EosIds = Ids("eos_token_id"),
            PadId = Integer("pad_token_id"),
        };
    }

    public int KvHeads(int? otherwise = null) => Integer("num_key_value_heads") ?? otherwise ?? Integer("num_attention_heads") ?? 0;

    private JsonElement? Section(string key) => root.TryGetProperty(key, out var v) && v.ValueKind == JsonValueKind.Object ? v : null;

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
