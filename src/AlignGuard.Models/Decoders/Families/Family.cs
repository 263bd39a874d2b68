namespace AlignGuard.Models.Decoders.Families;

/// <summary>A family of checkpoints: what their config.json means.</summary>
/// <param name="ModelType">Its <c>model_type</c>.</param>
/// <param name="Architecture">The class that transformers opens it with.</param>
internal sealed record Family(string ModelType, string Architecture, Func<ConfigReader, DecoderConfig> Read)
{
    public static IReadOnlyList<Family> All { get; } = [Llama.Family, Mistral.Family, Mistral.Mixtral, Qwen.Qwen2, Qwen.Qwen3, Gemma.Gemma1, Gemma.Gemma2, Gpt2.Family];
}
