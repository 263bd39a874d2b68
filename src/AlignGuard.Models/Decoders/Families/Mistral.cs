namespace AlignGuard.Models.Decoders.Families;

/// <summary>Mistral: a Llama whose layers may see a window. Mixtral: the same with experts.</summary>
internal static class Mistral
{
    public static Family Family { get; } = new("mistral", "MistralForCausalLM", config => Windowed(config, config.Common(config.KvHeads(8))));

    public static Family Mixtral { get; } = new("mixtral", "MixtralForCausalLM", config => Windowed(config, config.Common(config.KvHeads(8))) with
    {
        Experts = config.Integer("num_local_experts") ?? 8,
        ExpertsPerToken = config.Integer("num_experts_per_tok") ?? 2,
        Names = TensorNames.Llama with { Gate = "w1", Up = "w3", Down = "w2" },
    });

    private static DecoderConfig Windowed(ConfigReader config, DecoderConfig shape) =>
        config.Integer("sliding_window") is { } window ? shape with { Window = _ => window } : shape;
}
