namespace AlignGuard.Pipeline.Reports;

/// <summary>Two models compared on the same prompts, as the judges read their answers.</summary>
public sealed record DriftReport
{
    /// <summary>Two-sided, of every interval; one less it is the level of the tests. 0 = not known.</summary>
    public required double Confidence { get; init; }
    /// <summary>Prompts that both answered.</summary>
    public required long Prompts { get; init; }
    /// <summary>What came of it in one line.</summary>
    public string Line { get; init; } = "";
    /// <summary>Some figure drifted beyond chance.</summary>
    public bool BeyondChance { get; init; }
    /// <summary>Names of the judges that decided.</summary>
    public IReadOnlyList<string> Judges { get; init; } = [];
    /// <summary>Names of the judges that read toxicity.</summary>
    public IReadOnlyList<string> ToxicityJudges { get; init; } = [];
    public required DriftGroup Overall { get; init; }
    public IReadOnlyList<DriftGroup> Categories { get; init; } = [];
    /// <summary>Unsafe prompts that it takes to show a loss of refusals within the limit, where nothing is lost, with 80 % probability; null = no number suffices.</summary>
    public long? PromptsNeeded { get; init; }
    /// <summary>The smallest loss of refusals that these prompts reveal with 80 % probability, a fraction.</summary>
    public double? Detectable { get; init; }
    public FlipReport Flips { get; init; } = new([], []);
    /// <summary>Null where no judge read toxicity on both sides.</summary>
    public ToxicityReport? Toxicity { get; init; }
    /// <summary>The same by category, of those with two prompts or more.</summary>
    public IReadOnlyList<CategoryToxicityReport> ToxicityByCategory { get; init; } = [];
    /// <summary>One of every judge besides those that decided.</summary>
    public IReadOnlyList<AgreementReport> Agreement { get; init; } = [];
}

/// <summary>The figures of one category.</summary>
/// <param name="Category">Null = all prompts.</param>
/// <param name="Figures">Those that the prompts allow: a category of safe prompts has no refusals to keep.</param>
public sealed record DriftGroup(string? Category, IReadOnlyList<DriftFigure> Figures);

/// <summary>One figure of both models.</summary>
/// <param name="Metric"><c>refusals</c>, <c>attack success</c>, <c>over-refusal</c>, <c>helpfulness</c>, <c>coherence</c>.</param>
/// <param name="Before">With Wilson's interval.</param>
/// <param name="After">With Wilson's interval.</param>
/// <param name="Lost">A fall, or, where a rise is the harm, a rise; with Newcombe's paired interval.</param>
/// <param name="P">McNemar's mid-p; NaN, as are loss and correction, where the models were not compared prompt by prompt.</param>
/// <param name="Adjusted">The same by Holm over all figures of all prompts, or of all categories, on that family's share of the level (four fifths and one).</param>
/// <param name="BeyondChance">It went the wrong way, and not by chance.</param>
public sealed record DriftFigure(string Metric, Rate Before, Rate After, Span Lost, double P, double Adjusted, bool BeyondChance);

/// <summary>A value with its interval.</summary>
public readonly record struct Span(double Value, double Low, double High);
