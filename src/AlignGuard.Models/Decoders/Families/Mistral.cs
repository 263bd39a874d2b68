namespace AlignGuard.Models.Decoders.Families;

/// <summary>Mistral: a Llama whose layers may see a window. Mixtral: the same with experts.</summary>
internal static class Mistral
{
    private static readonly FamilyDefaults Absent = new(Positions: 4096 * 32, BosId: 1, EosId: 2, KvHeads: 8);

    /// <summary>A window of 4,096 where the key is left out; null is none.</summary>
    public static Family Family { get; } = new("mistral", "MistralForCausalLM", config => Windowed(config, config.Common(Absent), 4096));

    public static Family Mixtral { get; } = new("mixtral", "MixtralForCausalLM", config =>
    {
        if (config.Flag("output_router_logits")) config.Refuse("output_router_logits", "it adds a loss that balances the router's choices, which is not computed here. Set it to false: answers stay the same, and the router is trained by the task alone.");
        if (config.Number("router_jitter_noise") is { } noise and not 0) config.Refuse("router_jitter_noise", FormattableString.Invariant($"inputs of the router are multiplied by noise of {noise} in training, which is not computed here. Set it to 0: answers stay the same."));
        var shape = Windowed(config, config.Common(Absent with { NormEps = 1e-5, RopeTheta = 1e6 }), null);
        int experts = config.Integer("num_local_experts") ?? 8, chosen = config.Integer("num_experts_per_tok") ?? 2;
        config.Bounded("num_local_experts", experts);
        if (experts >= 1 && (chosen < 1 || chosen > experts)) config.Refuse("num_experts_per_tok", $"it must be between 1 and num_local_experts ({experts}).");
        return shape with { Experts = experts, ExpertsPerToken = chosen, Names = TensorNames.Llama with { Gate = "w1", Up = "w3", Down = "w2" } };
    });

    private static DecoderConfig Windowed(ConfigReader config, DecoderConfig shape, int? absent) =>
        config.Window("sliding_window", absent) is { } window ? shape with { Window = _ => window } : shape;
}
