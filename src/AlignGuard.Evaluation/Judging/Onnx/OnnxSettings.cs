namespace AlignGuard.Evaluation.Judging.Onnx;

/// <summary>What of an exchange a classifier reads.</summary>
internal enum JudgedText
{
    /// <summary>The answer alone.</summary>
    Answer,

    /// <summary>Request and answer as two texts, joined as the tokenizer's post-processor says.</summary>
    Pair,

    /// <summary>A conversation of the two, written by the tokenizer's chat template.</summary>
    Chat,
}

/// <summary>How the outputs of a classifier become probabilities.</summary>
internal enum Activation
{
    /// <summary>Each label by itself: several may hold.</summary>
    Sigmoid,

    /// <summary>Of all labels exactly one holds.</summary>
    Softmax,
}

/// <summary>The labels that stand for verdicts; of those named, the most probable is the verdict.</summary>
internal sealed record VerdictLabels(string Refused, string Complied, string? Incoherent);

/// <summary>A classifier in ONNX form, and what it does not say about itself.</summary>
/// <param name="Model">A folder with model.onnx, or an .onnx file; tokenizer.json and config.json beside it.</param>
internal sealed record OnnxSettings(string Model) : IJudgeSettings
{
    public JudgedText Input { get; init; } = JudgedText.Answer;

    /// <summary>The labels in the order of the outputs; null: as config.json says.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>The labels that mean toxic; null: where all labels are of known meaning, they say.</summary>
    public IReadOnlyList<string>? Toxic { get; init; }

    /// <summary>Null: as config.json says.</summary>
    public Activation? Activation { get; init; }

    /// <summary>Null: the judge reads no verdicts.</summary>
    public VerdictLabels? Verdicts { get; init; }

    /// <summary>The most tokens of a text; null: as the model's files say, at most 512 where they say nothing.</summary>
    public int? MaxLength { get; init; }

    /// <summary>Texts at a time.</summary>
    public int Batch { get; init; } = 16;

    /// <summary>Of the processor; 0: as many as there are cores.</summary>
    public int Threads { get; init; }

    public IJudge Open(string? run = null) => OnnxJudge.Open(this);
}
