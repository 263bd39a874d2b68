using AlignGuard.Models.Batches;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Numerics;
using static TorchSharp.torch;

namespace AlignGuard.Models.Networks;

/// <summary>What one forward pass computes with.</summary>
public sealed record ForwardOptions
{
    public static readonly ForwardOptions Plain = new();

    /// <summary>1 for tokens, 0 for padding, [N, T] (with a cache: [N, cached + T]). Null = no left padding, which is the fast path:
    /// under causal attention padding on the right is never attended to by a real token.</summary>
    public Tensor? AttentionMask { get; init; }

    /// <summary>[N, T], each below the number of tokens up to there (cached + T); null = consecutive from the cache's length.</summary>
    public Tensor? Positions { get; init; }

    /// <summary>Rows that share sequences: gives the positions, and which tokens see each other. Null = a sequence a row. Without a cache and an <see cref="AttentionMask"/>.</summary>
    public PackedSequences? Packed { get; init; }

    /// <summary>What the encoder of an encoder–decoder reads; null where the cache has read it already, and for decoder-only models.</summary>
    public SourceTokens? Source { get; init; }

    public KvCache? Cache { get; init; }
    public LoraAdapter? Adapter { get; init; }
    /// <summary>Applies the adapter's dropout.</summary>
    public bool Training { get; init; }
    public ILinearTap? Tap { get; init; }
    /// <summary>Keeps of a layer with an adapter only its inputs; not where a tap watches. Behind the backward pass <see cref="CheckpointedLayer.Finish"/> must be called.</summary>
    public bool Checkpointing { get; init; }
    /// <summary>Seeds the generator before every layer, so that its dropout can be drawn again; null = the generator runs on from layer to layer.</summary>
    public long? LayerSeed { get; init; }

    /// <summary>Of one layer.</summary>
    internal long? SeedOf(int layer) => LayerSeed is { } seed ? Seeds.Derive(seed, "layer", layer) : null;

    /// <summary>Runs a layer as these options say.</summary>
    /// <param name="inputs">See <see cref="CheckpointedLayer.Run"/>.</param>
    /// <param name="sites">Of the layer.</param>
    internal Tensor Layer(IReadOnlyList<Tensor> inputs, LoraViews? views, Range sites, int layer, Func<IReadOnlyList<Tensor>, LoraViews?, Tensor> run)
    {
        if (Checkpointing && Tap is null && views is not null && is_grad_enabled()) return CheckpointedLayer.Run(inputs, views.Of(sites), SeedOf(layer), run);
        if (SeedOf(layer) is { } seed) manual_seed(seed);
        return run(inputs, views);
    }
}
