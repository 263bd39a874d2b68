using AlignGuard.Models.Lora;

namespace AlignGuard.Models.Generation;

/// <summary>How answers are produced.</summary>
public sealed record GenerationOptions
{
    public int MaxNewTokens { get; init; } = 48;
    /// <summary>0 (default) = greedy.</summary>
    public double Temperature { get; init; }
    /// <summary>Keeps the smallest set of tokens whose probability reaches this; 1 (default) = all. Used when sampling.</summary>
    public double TopP { get; init; } = 1;
    /// <summary>For sampling; an answer depends on (seed, prompt's index, step) and not on the batch it was computed in.</summary>
    public long Seed { get; init; }
    /// <summary>Tokens that end an answer; not part of it.</summary>
    public IReadOnlySet<int> StopIds { get; init; } = new HashSet<int>();
    public int PadId { get; init; }
    public int BatchSize { get; init; } = 128;
    public LoraAdapter? Adapter { get; init; }
    /// <summary>Called with the number of finished prompts after each batch.</summary>
    public Action<int>? Progress { get; init; }
    /// <summary>Polled every token.</summary>
    public CancellationToken Cancellation { get; init; }
}
