namespace AlignGuard.Models.Decoders.Families;

/// <summary>Llama 1, 2, 3 and 3.x.</summary>
internal static class Llama
{
    public static Family Family { get; } = new("llama", "LlamaForCausalLM", config =>
    {
        var bias = config.Flag("attention_bias");
        return config.Common(config.KvHeads()) with { QkvBias = bias, OutputBias = bias, MlpBias = config.Flag("mlp_bias") };
    });
}
