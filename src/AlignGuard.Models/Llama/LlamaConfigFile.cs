using System.Text.Json;
using System.Text.Json.Nodes;

namespace AlignGuard.Models.Llama;

/// <summary>Reads and writes a Llama's config.json. All problems of a file are reported together.</summary>
public static class LlamaConfigFile
{
    /// <exception cref="ModelFormatException">The file is missing, is no JSON, or describes something this runtime does not compute.</exception>
    public static LlamaConfig Load(string path)
    {
        if (!File.Exists(path))
            throw new ModelFormatException([$"{path} is missing. Point `model` at a Hugging Face folder (config.json, model.safetensors, tokenizer.json)."]);
        using var document = ModelJson.Read(path);
        var root = document.RootElement;
        var reader = new Reader(path, root);
        var config = reader.Config();
        if (reader.Problems.Count > 0) throw new ModelFormatException(reader.Problems);
        return config;
    }

    /// <summary>The 4.x layout, which every version of transformers reads.</summary>
    public static string Write(LlamaConfig c)
    {
        var json = new JsonObject
        {
            ["architectures"] = new JsonArray("LlamaForCausalLM"),
            ["attention_bias"] = c.AttentionBias,
            ["attention_dropout"] = 0.0,
            ["bos_token_id"] = c.BosId,
            ["eos_token_id"] = c.EosIds.Count == 1 ? c.EosIds[0] : new JsonArray([.. c.EosIds.Select(id => JsonValue.Create(id))]),
            ["head_dim"] = c.HeadDim,
            ["hidden_act"] = "silu",
            ["hidden_size"] = c.HiddenSize,
            ["initializer_range"] = 0.02,
            ["intermediate_size"] = c.IntermediateSize,
            ["max_position_embeddings"] = c.MaxPositions,
            ["mlp_bias"] = c.MlpBias,
            ["model_type"] = "llama",
            ["num_attention_heads"] = c.Heads,
            ["num_hidden_layers"] = c.Layers,
            ["num_key_value_heads"] = c.KvHeads,
            ["pad_token_id"] = c.PadId,
            ["rms_norm_eps"] = c.RmsNormEps,
            ["rope_scaling"] = c.Rope.Type == "default" ? null : new JsonObject
            {
                ["rope_type"] = c.Rope.Type,
                ["factor"] = c.Rope.Factor,
                ["low_freq_factor"] = c.Rope.LowFreqFactor,
                ["high_freq_factor"] = c.Rope.HighFreqFactor,
                ["original_max_position_embeddings"] = c.Rope.OriginalMaxPositions,
            },
            ["rope_theta"] = c.Rope.Theta,
            ["tie_word_embeddings"] = c.TieWordEmbeddings,
            ["torch_dtype"] = "float32",
            ["use_cache"] = true,
            ["vocab_size"] = c.VocabSize,
        };
        return json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";
    }

    private sealed class Reader(string path, JsonElement root)
    {
        public List<string> Problems { get; } = [];

        public LlamaConfig Config()
        {
            var type = Text(root, "model_type") ?? "(none)";
            if (type != "llama")
                Problems.Add($"{path}: model_type is '{type}'; this runtime computes 'llama'.");
            var activation = Text(root, "hidden_act") ?? "silu";
            if (activation != "silu")
                Problems.Add($"{path}: hidden_act is '{activation}'; a Llama's is 'silu'.");
            int hidden = Positive("hidden_size"), heads = Positive("num_attention_heads");
            var kvHeads = Integer(root, "num_key_value_heads") ?? heads;
            var headDim = Integer(root, "head_dim") ?? (heads > 0 ? hidden / heads : 0);
            if (kvHeads < 1 || (heads > 0 && heads % Math.Max(kvHeads, 1) != 0))
                Problems.Add($"{path}: num_key_value_heads is {kvHeads}; it must divide num_attention_heads ({heads}).");
            if (headDim < 2 || headDim % 2 != 0)
                Problems.Add($"{path}: head_dim is {headDim}; rotary embeddings need a positive even number.");
            return new LlamaConfig
            {
                VocabSize = Positive("vocab_size"),
                HiddenSize = hidden,
                IntermediateSize = Positive("intermediate_size"),
                Layers = Positive("num_hidden_layers"),
                Heads = heads,
                KvHeads = kvHeads,
                HeadDim = headDim,
                RmsNormEps = Number(root, "rms_norm_eps") ?? 1e-6,
                Rope = Rope(),
                TieWordEmbeddings = Flag("tie_word_embeddings"),
                AttentionBias = Flag("attention_bias"),
                MlpBias = Flag("mlp_bias"),
                MaxPositions = Integer(root, "max_position_embeddings") ?? 2048,
                BosId = Integer(root, "bos_token_id"),
                EosIds = Ids("eos_token_id"),
                PadId = Integer(root, "pad_token_id"),
            };
        }

        private RopeConfig Rope()
        {
            // 5.x keeps everything in rope_parameters; 4.x has rope_theta beside a nullable rope_scaling.
            var section = Section("rope_parameters") ?? Section("rope_scaling");
            var theta = Number(root, "rope_theta");
            if (section is not { } s) return new RopeConfig { Theta = theta ?? 10000 };
            var type = Text(s, "rope_type") ?? Text(s, "type") ?? "default";
            if (type is not ("default" or "linear" or "llama3"))
                Problems.Add($"{path}: rope type '{type}' is not computed here; known: default, linear, llama3.");
            return new RopeConfig
            {
                Type = type,
                Theta = Number(s, "rope_theta") ?? theta ?? 10000,
                Factor = Number(s, "factor") ?? 1,
                LowFreqFactor = Number(s, "low_freq_factor") ?? 1,
                HighFreqFactor = Number(s, "high_freq_factor") ?? 4,
                OriginalMaxPositions = Integer(s, "original_max_position_embeddings") ?? 8192,
            };
        }

        private int Positive(string key)
        {
            var value = Integer(root, key);
            if (value is null) Problems.Add($"{path}: '{key}' is missing.");
            else if (value < 1) Problems.Add($"{path}: '{key}' is {value}; it must be positive.");
            return value ?? 0;
        }

        private bool Flag(string key) =>
            root.TryGetProperty(key, out var v) && v.ValueKind == JsonValueKind.True;

        private JsonElement? Section(string key) =>
            root.TryGetProperty(key, out var v) && v.ValueKind == JsonValueKind.Object ? v : null;

        private IReadOnlyList<int> Ids(string key) =>
            root.TryGetProperty(key, out var v) && v.ValueKind == JsonValueKind.Array
                ? [.. v.EnumerateArray().Select(e => Whole(key, e)).OfType<int>()]
                : Integer(root, key) is { } one ? [one] : [];

        private int? Integer(JsonElement from, string key) =>
            !from.TryGetProperty(key, out var v) || v.ValueKind is JsonValueKind.Null or JsonValueKind.Array ? null : Whole(key, v);

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

        private static string? Text(JsonElement from, string key) =>
            from.TryGetProperty(key, out var v) && v.ValueKind == JsonValueKind.String ? v.GetString() : null;
    }
}
