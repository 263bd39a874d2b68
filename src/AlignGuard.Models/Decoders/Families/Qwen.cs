namespace AlignGuard.Models.Decoders.Families;

/// <summary>Qwen 2 and 2.5: a Llama with biases on queries, keys and values. Qwen 3: without them, and with queries and keys normalised.</summary>
internal static class Qwen
{
    public static Family Qwen2 { get; } = new("qwen2", "Qwen2ForCausalLM", config => Windowed(config, config.Common(config.KvHeads(32))) with { QkvBias = true });

    public static Family Qwen3 { get; } = new("qwen3", "Qwen3ForCausalLM", config =>
    {
        var bias = config.Flag("attention_bias");
        var shape = Windowed(config, config.Common(config.KvHeads(32))) with { QkNorm = true, QkvBias = bias, OutputBias = bias };
        return config.Integer("head_dim") is null ? shape with { HeadDim = 128 } : shape;
    });

    /// <summary>Layers from max_window_layers on see a window, if it is used at all.</summary>
    private static DecoderConfig Windowed(ConfigReader config, DecoderConfig shape)
    {
        if (config.Texts("layer_types") is { } kinds) return LayerKinds.Windowed(config, shape, kinds);
        if (!config.Flag("use_sliding_window") || config.Integer("sliding_window") is not { } window) return shape;
        var first = config.Integer("max_window_layers") ?? 28;
        return shape with { Window = layer => layer >= first ? window : null };
    }
}
