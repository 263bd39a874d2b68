using AlignGuard.Models.Networks;

namespace AlignGuard.Models.Decoders;

/// <summary>How a layer's input is normalised.</summary>
public enum NormKind
{
    /// <summary>x / rms(x) · w.</summary>
    Rms,

    /// <summary>x / rms(x) · (1 + w): Gemma.</summary>
    RmsPlusOne,

    /// <summary>(x − mean) / deviation · w + b: GPT-2.</summary>
    Layer,
}

/// <summary>Shape and constants of a decoder-only model: what its family's description makes of config.json. Everything that families differ in is a value here.</summary>
public sealed record DecoderConfig
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

    /// <summary>Names of the tensors. Default: a Llama's.</summary>
    public TensorNames Names { get; init; } = TensorNames.Llama;
    public NormKind Norm { get; init; } = NormKind.Rms;
    public double NormEps { get; init; } = 1e-6;
    public RopeConfig Rope { get; init; } = new();
    public bool TieWordEmbeddings { get; init; }

    public bool QkvBias { get; init; }
    public bool OutputBias { get; init; }
    public bool MlpBias { get; init; }
    /// <summary>Queries and keys are normalised head by head before they are rotated.</summary>
    public bool QkNorm { get; init; }
    /// <summary>What attention and feed-forward add to the stream is normalised too.</summary>
    public bool PostNorms { get; init; }

    public Activation Activation { get; init; } = Activation.Silu;
    /// <summary>act(gate x) · up x in place of act(up x).</summary>
    public bool GatedMlp { get; init; } = true;

    /// <summary>Positions have embeddings of their own, and nothing is rotated.</summary>
    public bool LearnedPositions { get; init; }
    /// <summary>Token embeddings are multiplied by it.</summary>
    public double EmbeddingScale { get; init; } = 1;

    /// <summary>Factor of the attention scores by layer; null = 1/√headDim.</summary>
    public Func<int, double>? AttentionScale { get; init; }
    /// <summary>Scores become cap·tanh(score/cap); null = they stay.</summary>
    public double? AttentionSoftcap { get; init; }
    /// <summary>The same for logits.</summary>
    public double? LogitSoftcap { get; init; }
    /// <summary>Tokens back that a layer sees, itself counted; null = all.</summary>
    public Func<int, int?>? Window { get; init; }

    /// <summary>Experts in the place of each feed-forward part; 0 = there is one and no router.</summary>
    public int Experts { get; init; }
    /// <summary>Experts that a token is given to.</summary>
    public int ExpertsPerToken { get; init; }

    /// <summary>Tokens; longer inputs are an error, not silently extrapolated.</summary>
    public int MaxPositions { get; init; } = 2048;
    public int? BosId { get; init; }
    public IReadOnlyList<int> EosIds { get; init; } = [];
    public int? PadId { get; init; }

    /// <summary>The text it was read from: what is saved is that model again, whatever its family. Null = it was made here, and is a Llama.</summary>
    public string? Json { get; init; }
    /// <summary>What is computed otherwise than a reader of the file might expect, a sentence each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>Rotary position embedding: <c>default</c>, <c>linear</c>, <c>dynamic</c>, <c>yarn</c> or <c>llama3</c>.</summary>
public sealed record RopeConfig
{
    public string Type { get; init; } = "default";
    public double Theta { get; init; } = 10000;
    public double Factor { get; init; } = 1;
    public double LowFreqFactor { get; init; } = 1;
    public double HighFreqFactor { get; init; } = 4;
    public int OriginalMaxPositions { get; init; } = 8192;
    /// <summary>Yarn: dimensions that turn more often than this within the original length are kept, those below <see cref="BetaSlow"/> stretched.</summary>
    public double BetaFast { get; init; } = 32;
    public double BetaSlow { get; init; } = 1;
    /// <summary>Yarn: the two bounds between kept and stretched dimensions are rounded outwards.</summary>
    public bool Truncate { get; init; } = true;
    /// <summary>Yarn and longrope: cos and sin are multiplied by it; null = yarn's by <see cref="Mscale"/>, else 0.1·ln(factor) + 1; longrope's √(1 + ln factor / ln original length).</summary>
    public double? AttentionFactor { get; init; }
    /// <summary>Yarn: <c>mscale</c> and <c>mscale_all_dim</c>, each the weight of the logarithm; the factor is the quotient of both. Null = the file has not both.</summary>
    public (double Own, double AllDims)? Mscale { get; init; }
    /// <summary>Longrope: what divides the frequency of each pair of dimensions in texts of up to the original length, [headDim/2].</summary>
    public IReadOnlyList<double> ShortFactors { get; init; } = [];
    /// <summary>The same in longer texts.</summary>
    public IReadOnlyList<double> LongFactors { get; init; } = [];

    /// <summary>A text beyond the original length turns otherwise from its first token on.</summary>
    public bool TurnsByLength => Type is "dynamic" or "longrope";
}
