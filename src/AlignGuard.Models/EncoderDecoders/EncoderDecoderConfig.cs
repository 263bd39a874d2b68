using AlignGuard.Models.Networks;

namespace AlignGuard.Models.EncoderDecoders;

/// <summary>Shape and constants of a T5 (1.0, 1.1, Flan) or mT5.</summary>
public sealed record EncoderDecoderConfig
{
    public required int VocabSize { get; init; }
    public required int HiddenSize { get; init; }
    public required int IntermediateSize { get; init; }
    public required int EncoderLayers { get; init; }
    public required int DecoderLayers { get; init; }
    public required int Heads { get; init; }
    public required int HeadDim { get; init; }

    /// <summary>relu in 1.0.</summary>
    public Activation Activation { get; init; } = Activation.Relu;
    /// <summary>act(wi_0 x) · wi_1 x: 1.1.</summary>
    public bool GatedMlp { get; init; }
    public double NormEps { get; init; } = 1e-6;

    /// <summary>Biases of the scores by distance, a head.</summary>
    public int Buckets { get; init; } = 32;
    /// <summary>Tokens; what lies further off shares the last bucket.</summary>
    public int MaxDistance { get; init; } = 128;

    /// <summary>The head is the embedding.</summary>
    public bool TieWordEmbeddings { get; init; } = true;
    /// <summary>Logits of hidden/√hiddenSize: 1.0, whose embedding is no head by itself.</summary>
    public bool ScaleOutputs { get; init; } = true;

    /// <summary>Before the first token of an answer.</summary>
    public int DecoderStartId { get; init; }
    public IReadOnlyList<int> EosIds { get; init; } = [1];
    public int? PadId { get; init; }
}
