namespace AlignGuard.Models.Llama;

/// <summary>Shape and constants of a Llama checkpoint, as in its config.json (4.x and 5.x layouts of transformers).</summary>
public sealed record LlamaConfig
{
    public required int VocabSize { get; init; }
    public required int HiddenSize { get; init; }
    public required int IntermediateSize { get; init; }
    public required int Layers { get; init; }
    public required int Heads { get; init; }
    /// <summary>Key/value heads; fewer than <see cref="Heads"/> means grouped-query attention. Default: <see cref="Heads"/>.</summary>
    public required int KvHeads { get; init; }
    /// <summary>Default: hidden / heads.</summary>
    public required int HeadDim { get; init; }
    public double RmsNormEps { get; init; } = 1e-6;
    public RopeConfig Rope { get; init; } = new();
    public bool TieWordEmbeddings { get; init; }
    public bool AttentionBias { get; init; }
    public bool MlpBias { get; init; }
    /// <summary>Tokens; longer inputs are an error, not silently extrapolated.</summary>
    public int MaxPositions { get; init; } = 2048;
    public int? BosId { get; init; }
    public IReadOnlyList<int> EosIds { get; init; } = [];
    public int? PadId { get; init; }
}

/// <summary>Rotary position embedding. <c>default</c>, <c>linear</c> and <c>llama3</c> are known.</summary>
public sealed record RopeConfig
{
    public string Type { get; init; } = "default";
    public double Theta { get; init; } = 10000;
    public double Factor { get; init; } = 1;
    public double LowFreqFactor { get; init; } = 1;
    public double HighFreqFactor { get; init; } = 4;
    public int OriginalMaxPositions { get; init; } = 8192;
}
