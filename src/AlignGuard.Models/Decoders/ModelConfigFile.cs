using System.Text.Json;
using System.Text.Json.Nodes;
using AlignGuard.Models.Decoders.Families;

namespace AlignGuard.Models.Decoders;

/// <summary>Reads config.json of every family, and writes a Llama's. All problems of a file are reported together.</summary>
public static class ModelConfigFile
{
    /// <exception cref="ModelFormatException">The file is missing, is no JSON, or describes something this runtime does not compute.</exception>
    public static DecoderConfig Load(string path)
    {
        if (!File.Exists(path))
            throw new ModelFormatException([$"{path} is missing. Point `model` at a Hugging Face folder (config.json, model.safetensors, tokenizer.json)."]);
        using var document = ModelJson.Read(path);
        var reader = new ConfigReader(path, document.RootElement);
        var type = reader.Text("model_type");
        if (Family.All.FirstOrDefault(f => f.ModelType == type) is not { } family)
            throw new ModelFormatException([$"{path}: model_type is '{type ?? "(none)"}'; computed here are {string.Join(", ", Family.All.Select(f => f.ModelType))}."]);
        var config = family.Read(reader);
        if (reader.Problems.Count > 0) throw new ModelFormatException(reader.Problems);
        return config;
    }

    /// <summary>The type that a config.json says its weights are stored in, by the key of either layout; null = it does not say.</summary>
    public static string? StoredDtype(JsonElement config) =>
        new[] { "torch_dtype", "dtype" }.Select(key => config.TryGetProperty(key, out var v) && v.ValueKind == JsonValueKind.String ? v.GetString() : null).FirstOrDefault(dtype => dtype is not null);

    /// <summary>A Llama's in the 4.x layout, which every version of transformers reads.</summary>
    public static string Write(DecoderConfig c)
    {
        var json = new JsonObject
        {
            ["architectures"] = new JsonArray("LlamaForCausalLM"),
            ["attention_bias"] = c.QkvBias,
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
            ["rms_norm_eps"] = c.NormEps,
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
}
