using System.Text.Json;
using System.Text.Json.Nodes;
using AlignGuard.Models.Decoders.Families;
using static TorchSharp.torch;

namespace AlignGuard.Models.Decoders;

/// <summary>Reads config.json of every family, and writes what was read; a configuration made here is written as a Llama's. All problems of a file are reported together.</summary>
public static class ModelConfigFile
{
    /// <exception cref="ModelFormatException">The file is missing, is no JSON, or describes something this runtime does not compute.</exception>
    public static DecoderConfig Load(string path)
    {
        if (!File.Exists(path))
            throw new ModelFormatException([$"{path} is missing. Point `model` at a Hugging Face folder (config.json, model.safetensors, tokenizer.json)."]);
        using var document = ModelJson.Read(path);
        return Read(document.RootElement, path);
    }

    private static DecoderConfig Read(JsonElement root, string path)
    {
        var reader = new ConfigReader(path, root);
        var type = reader.Text("model_type");
        if (Family.All.FirstOrDefault(f => f.ModelType == type) is not { } family)
            throw new ModelFormatException([$"{path}: model_type is '{type ?? "(none)"}'; computed here are {string.Join(", ", [.. Family.All.Select(f => f.ModelType), .. EncoderDecoders.EncoderDecoderConfigFile.ModelTypes])}."]);
        reader.RefuseOtherModels("ForCausalLM", "LMHeadModel");
        var config = family.Read(reader) with { Json = root.GetRawText(), Notes = reader.Notes };
        reader.Countable("num_local_experts", config.Experts, 3);
        reader.Countable(root.TryGetProperty("n_layer", out _) ? "n_layer" : "num_hidden_layers", config.Layers, 20 + 3L * config.Experts);
        if (reader.Problems.Count > 0) throw new ModelFormatException(reader.Problems);
        return config;
    }

    /// <summary>The type that a config.json says its weights are stored in, by the key of either layout; null = it does not say.</summary>
    public static string? StoredDtype(JsonElement config) =>
        new[] { "torch_dtype", "dtype" }.Select(key => config.TryGetProperty(key, out var v) && v.ValueKind == JsonValueKind.String ? v.GetString() : null).FirstOrDefault(dtype => dtype is not null);

    /// <summary>The text of a config.json: what <paramref name="c"/> was read from, or for one made here a Llama's in the 4.x layout, which every version of transformers reads. It names the type the weights lie in.</summary>
    /// <exception cref="ModelFormatException">The text would read back as another model: <paramref name="c"/> was altered after it was read, or is no Llama.</exception>
    public static string Write(DecoderConfig c, ScalarType dtype = ScalarType.Float32)
    {
        var json = c.Json is { } text ? JsonNode.Parse(text)!.AsObject() : Llama(c);
        NameDtype(json, dtype);
        var written = json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";
        using var document = JsonDocument.Parse(written);
        var different = ConfigComparison.Differences(c, Read(document.RootElement, "config.json"));
        if (different.Count > 0)
            throw new ModelFormatException([$"config.json cannot be written as {(c.Json is null ? "a Llama's" : "the one it was read from")}: {string.Join(", ", different)} would be read back otherwise. Save the model with the configuration it was loaded with."]);
        return written;
    }

    /// <summary>Says in a configuration which type the weights lie in, under the key that it has for it.</summary>
    internal static void NameDtype(JsonObject config, ScalarType dtype) => config[config.ContainsKey("dtype") ? "dtype" : "torch_dtype"] = dtype switch
    {
        ScalarType.Float32 => "float32",
        ScalarType.Float16 => "float16",
        ScalarType.BFloat16 => "bfloat16",
        ScalarType.Float64 => "float64",
        _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "weights are saved as floating-point numbers"),
    };

    private static JsonObject Llama(DecoderConfig c)
    {
        return new JsonObject
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
            ["rope_scaling"] = Scaling(c.Rope),
            ["rope_theta"] = c.Rope.Theta,
            ["tie_word_embeddings"] = c.TieWordEmbeddings,
            ["torch_dtype"] = "float32",
            ["use_cache"] = true,
            ["vocab_size"] = c.VocabSize,
        };
    }

    private static JsonObject? Scaling(RopeConfig rope)
    {
        if (rope.Type == "default") return null;
        var json = new JsonObject { ["rope_type"] = rope.Type, ["factor"] = rope.Factor };
        if (rope.Type is "llama3" or "yarn" or "longrope") json["original_max_position_embeddings"] = rope.OriginalMaxPositions;
        if (rope.Type == "llama3") (json["low_freq_factor"], json["high_freq_factor"]) = (rope.LowFreqFactor, rope.HighFreqFactor);
        if (rope.Type == "longrope")
            (json["short_factor"], json["long_factor"], json["attention_factor"]) = (new JsonArray([.. rope.ShortFactors.Select(f => JsonValue.Create(f))]), new JsonArray([.. rope.LongFactors.Select(f => JsonValue.Create(f))]), rope.AttentionFactor);
        if (rope.Type != "yarn") return json;
        (json["beta_fast"], json["beta_slow"], json["truncate"], json["attention_factor"]) = (rope.BetaFast, rope.BetaSlow, rope.Truncate, rope.AttentionFactor);
        if (rope.Mscale is { } m) (json["mscale"], json["mscale_all_dim"]) = (m.Own, m.AllDims);
        return json;
    }
}
