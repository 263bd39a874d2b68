namespace AlignGuard.Models.Decoders.Families;

/// <summary>Llama 1, 2, 3 and 3.x.</summary>
internal static class Llama
{
    private static readonly FamilyDefaults Absent = new(Positions: 2048, BosId: 1, EosId: 2);

    public static Family Family { get; } = new("llama", "LlamaForCausalLM", config =>
    {
        var bias = config.Flag("attention_bias");
        return config.Common(Absent) with { QkvBias = bias, OutputBias = bias, MlpBias = config.Flag("mlp_bias") };
    });
}
