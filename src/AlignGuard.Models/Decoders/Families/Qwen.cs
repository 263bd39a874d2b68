namespace AlignGuard.Models.Decoders.Families;

/// <summary>Qwen 2 and 2.5: a Llama with biases on queries, keys and values. Qwen 3: without them, and with queries and keys normalised.</summary>
internal static class Qwen
{
    private static readonly FamilyDefaults Absent = new(Positions: 32768, BosId: null, EosId: null, KvHeads: 32);

    public static Family Qwen2 { get; } = new("qwen2", "Qwen2ForCausalLM", config => Windowed(config, config.Common(Absent)) with { QkvBias = true });

    public static Family Qwen3 { get; } = new("qwen3", "Qwen3ForCausalLM", config =>
    {
        var bias = config.Flag("attention_bias");
        return Windowed(config, config.Common(Absent with { HeadDim = 128 })) with { QkNorm = true, QkvBias = bias, OutputBias = bias };
    });

    /// <summary>Without use_sliding_window there is none, whatever sliding_window says. Layers see it by their kind, or from max_window_layers on.</summary>
    private static DecoderConfig Windowed(ConfigReader config, DecoderConfig shape)
    {
        var window = config.Flag("use_sliding_window") ? config.Window("sliding_window", 4096) : null;
        if (config.Texts("layer_types") is { } kinds) return LayerKinds.Windowed(config, shape, kinds, window);
        var first = config.Integer("max_window_layers") ?? 28;
        return window is null ? shape : shape with { Window = layer => layer >= first ? window : null };
    }
}
