using AlignGuard.Models.Lora;
using static TorchSharp.torch;

namespace AlignGuard.Models.Decoders;

/// <summary>What one forward pass computes with.</summary>
public sealed record ForwardOptions
{
    public static readonly ForwardOptions Plain = new();

    /// <summary>1 for tokens, 0 for padding, [N, T] (with a cache: [N, cached + T]). Null = no left padding, which is the fast path:
    /// under causal attention padding on the right is never attended to by a real token.</summary>
    public Tensor? AttentionMask { get; init; }

    /// <summary>[N, T]; null = consecutive from the cache's length.</summary>
    public Tensor? Positions { get; init; }

    public KvCache? Cache { get; init; }
    public LoraAdapter? Adapter { get; init; }
    /// <summary>Applies the adapter's dropout.</summary>
    public bool Training { get; init; }
    public ILinearTap? Tap { get; init; }
}
