using System.Text.Json;
using AlignGuard.Models.Networks;
using AlignGuard.Models.Safetensors;

namespace AlignGuard.Models.Decoders.Families;

/// <summary>Reads keys of a config.json (4.x and 5.x layouts of transformers) and collects what is wrong with them.</summary>
internal sealed class ConfigReader(string path, JsonElement root)
{
    /// <summary>Far above what any published model has; below it no count of bytes or tensors overflows.</summary>
    public const int MaxSize = 1 << 22;

    public List<string> Problems { get; } = [];

    /// <summary>What is computed otherwise than a reader of the file might expect.</summary>
    public List<string> Notes { get; } = [];

    public string? Text(string key)
    {
        if (!root.TryGetProperty(key, out var v) || v.ValueKind == JsonValueKind.Null) return null;
        if (v.ValueKind == JsonValueKind.String) return v.GetString();
        Problem($"{path}: '{key}' is {Shown(v)}; a text is expected.");
        return null;
    }

    public bool Flag(string key, bool otherwise = false) => Flag(root, key, otherwise, path, Problems);

    /// <param name="place">Of <paramref name="from"/>, for sentences.</param>
    public static bool Flag(JsonElement from, string key, bool otherwise, string place, List<string> problems)
    {
        if (!from.TryGetProperty(key, out var v) || v.ValueKind == JsonValueKind.Null) return otherwise;
        if (v.ValueKind is not (JsonValueKind.True or JsonValueKind.False)) problems.Add($"{place}: '{key}' is {Shown(v)}; true or false is expected.");
        return v.ValueKind == JsonValueKind.True;
    }

    /// <summary>A size that must be given: 1 to <see cref="MaxSize"/>.</summary>
    public int Positive(string key)
    {
        var value = Integer(key);
        if (value is null) Problem($"{path}: '{key}' is missing.");
        else Bounded(key, value.Value);
        return value ?? 0;
    }

    /// <summary>Tells of a size that is none, or larger than any model's.</summary>
    public void Bounded(string key, int value)
    {
        if (value < 1) Problem($"{path}: '{key}' is {value}; it must be positive.");
        else if (value > MaxSize) Problem($"{path}: '{key}' is {value}; no model is larger than {MaxSize:N0} there: the file is damaged.");
    }

    /// <summary>Tells of more layers, or experts, than a checkpoint has tensors for.</summary>
    public void Countable(string key, long count, long tensorsEach)
    {
        if (count > SafetensorsLimits.MaxTensors / tensorsEach) Problem($"{path}: '{key}' is {count}: of {tensorsEach:N0} tensors each, that is more than the {SafetensorsLimits.MaxTensors:N0} that a checkpoint may have.");
    }

    /// <summary>A number above 0; null where it is left out or null.</summary>
    public double? PositiveNumber(string key)
    {
        if (Number(key) is not { } value) return null;
        if (value > 0) return value;
        Problem(FormattableString.Invariant($"{path}: '{key}' is {value}; it must be positive."));
        return null;
    }

    /// <inheritdoc cref="Integer(string, int?)"/>
    public double? PositiveNumber(string key, double? absent) => root.TryGetProperty(key, out _) ? PositiveNumber(key) : absent;

    /// <summary>Tokens that a layer sees; null = all.</summary>
    /// <inheritdoc cref="Integer(string, int?)"/>
    public int? Window(string key, int? absent)
    {
        var window = Integer(key, absent);
        if (window is not < 1) return window;
        Problem($"{path}: '{key}' is {window}; it must be positive, or null for none.");
        return null;
    }

    public int? Integer(string key) => root.TryGetProperty(key, out var v) && v.ValueKind != JsonValueKind.Null ? Whole(key, v) : null;

    /// <param name="absent">What the family takes where the key is left out; a null in the file stays a null.</param>
    public int? Integer(string key, int? absent) => root.TryGetProperty(key, out _) ? Integer(key) : absent;

    public double? Number(string key)
    {
        if (!root.TryGetProperty(key, out var v) || v.ValueKind == JsonValueKind.Null) return null;
        if (v.ValueKind == JsonValueKind.Number && double.IsFinite(v.GetDouble())) return v.GetDouble();
        Problem($"{path}: '{key}' is {Shown(v)}; a number is expected.");
        return null;
    }

    /// <inheritdoc cref="Integer(string, int?)"/>
    public double? Number(string key, double? absent) => root.TryGetProperty(key, out _) ? Number(key) : absent;

    /// <inheritdoc cref="Integer(string, int?)"/>
    public IReadOnlyList<int> Ids(string key, int? absent = null) =>
        root.TryGetProperty(key, out var v) && v.ValueKind == JsonValueKind.Array ? [.. v.EnumerateArray().Select(e => Whole(key, e)).OfType<int>()] : Integer(key, absent) is { } one ? [one] : [];

    /// <summary>A token's id. One that the vocabulary has not stands for none, as the -1 of some files, and is said.</summary>
    /// <inheritdoc cref="Integer(string, int?)"/>
    public int? TokenId(string key, int? absent, int vocabulary) => Within(key, Integer(key, absent), vocabulary);

    /// <inheritdoc cref="TokenId"/>
    public IReadOnlyList<int> TokenIds(string key, int? absent, int vocabulary) => [.. Ids(key, absent).Select(id => Within(key, id, vocabulary)).OfType<int>()];

    /// <summary>The texts of a list; null where there is none.</summary>
    public IReadOnlyList<string>? Texts(string key)
    {
        if (!root.TryGetProperty(key, out var v) || v.ValueKind == JsonValueKind.Null) return null;
        if (v.ValueKind == JsonValueKind.Array && v.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String)) return [.. v.EnumerateArray().Select(e => e.GetString()!)];
        Problem($"{path}: '{key}' is {Shown(v)}; a list of texts is expected.");
        return null;
    }

    /// <summary>Weights that are not numbers as they lie there, and classes that do something else than writing text.</summary>
    /// <param name="heads">How the names of classes that write text end.</param>
    public void RefuseOtherModels(params string[] heads)
    {
        if (root.TryGetProperty("quantization_config", out var quantised) && quantised.ValueKind != JsonValueKind.Null)
            Refuse("quantization_config", "quantised weights are not computed here: use the model's float32, float16 or bfloat16 checkpoint.");
        if (Texts("architectures") is { Count: > 0 } classes && !classes.Any(c => heads.Any(h => c.EndsWith(h, StringComparison.Ordinal))))
            Refuse("architectures", $"only models that write text are computed here, whose class ends with {string.Join(" or ", heads)}.");
    }

    /// <summary>Tells of a feature that is not computed here.</summary>
    public void Refuse(string key, string why)
    {
        var value = root.TryGetProperty(key, out var v) ? Shown(v) : "missing";
        Problem($"{path}: '{key}' is {value}: {why}");
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
    public RopeConfig Rope(double theta, int positions, int headDim) => new RopeReader(path, root, Problems, Notes).Read(theta, positions, headDim / 2);

    /// <summary>What the families of Llama's kind have in common.</summary>
    /// <param name="absent">What this one takes where a key is left out.</param>
    public DecoderConfig Common(FamilyDefaults absent)
    {
        int hidden = Positive("hidden_size"), heads = Positive("num_attention_heads");
        // Left out it is the family's; null means as many as there are heads.
        var kvHeads = Integer("num_key_value_heads", absent.KvHeads) ?? heads;
        var vocabulary = Positive("vocab_size");
        var headDim = Integer("head_dim") ?? absent.HeadDim ?? (heads > 0 ? hidden / heads : 0);
        if (kvHeads < 1 || (heads > 0 && heads % Math.Max(kvHeads, 1) != 0)) Problem($"{path}: num_key_value_heads is {kvHeads}{(root.TryGetProperty("num_key_value_heads", out _) ? "" : " where it is left out")}; it must divide num_attention_heads ({heads}).");
        if (headDim < 2 || headDim % 2 != 0) Problem($"{path}: head_dim is {headDim}; rotary embeddings need a positive even number.");
        if ((long)heads * headDim > MaxSize) Problem($"{path}: num_attention_heads ({heads}) times head_dim ({headDim}) is more than {MaxSize:N0}: the file is damaged.");
        var positions = Integer("max_position_embeddings") ?? absent.Positions;
        if (positions < 1) Problem($"{path}: 'max_position_embeddings' is {positions}; it must be positive.");
        NotDropped("attention_dropout");
        var rope = Rope(absent.RopeTheta, positions, headDim);
        return new DecoderConfig
        {
            VocabSize = vocabulary,
            HiddenSize = hidden,
            IntermediateSize = Positive("intermediate_size"),
            Layers = Positive("num_hidden_layers"),
            Heads = heads,
            KvHeads = kvHeads,
            HeadDim = headDim,
            Activation = Activation(Networks.Activation.Silu, "hidden_act"),
            NormEps = PositiveNumber("rms_norm_eps") ?? absent.NormEps,
            Rope = rope,
            TieWordEmbeddings = Flag("tie_word_embeddings", absent.Tied),
            // A rotation that slows with the length has no end.
            MaxPositions = rope.Type == "dynamic" ? int.MaxValue : positions,
            BosId = TokenId("bos_token_id", absent.BosId, vocabulary),
            EosIds = TokenIds("eos_token_id", absent.EosId, vocabulary),
            PadId = TokenId("pad_token_id", absent.PadId, vocabulary),
        };
    }

    /// <summary>A value as it stands in the file, cut where it is long.</summary>
    public static string Shown(JsonElement value) => value.GetRawText() is { Length: > 60 } text ? text[..60] + "..." : value.GetRawText();

    private int? Whole(string key, JsonElement v)
    {
        if (v.ValueKind == JsonValueKind.Number && v.TryGetInt32(out var n)) return n;
        Problem($"{path}: '{key}' is {Shown(v)}; a whole number is expected.");
        return null;
    }

    private int? Within(string key, int? id, int vocabulary)
    {
        // Without a vocabulary there is a problem already; what a family takes where the key is left out is told of nobody's file.
        if (id is null || vocabulary < 1 || (id >= 0 && id < vocabulary) || !root.TryGetProperty(key, out _)) return id;
        Notes.Add($"'{key}' is {id}, which the vocabulary of {vocabulary:N0} has not: left out.");
        return null;
    }

    /// <summary>Once, however often a key is read.</summary>
    private void Problem(string text)
    {
        if (!Problems.Contains(text)) Problems.Add(text);
    }
}
