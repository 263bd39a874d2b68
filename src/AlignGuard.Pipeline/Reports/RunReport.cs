namespace AlignGuard.Pipeline.Reports;

/// <summary>Everything a run has to show: report.json, and the source of report.html. Fractions are 0..1.</summary>
public sealed record RunReport
{
    /// <summary>Version of the schema that this program writes and reads.</summary>
    public const int CurrentVersion = 1;

    public int Version { get; init; } = CurrentVersion;
    /// <summary>The job's name.</summary>
    public required string Name { get; init; }
    public required string RunId { get; init; }
    /// <summary><c>lora</c>, <c>alignguard</c>, ...</summary>
    public required string Method { get; init; }
    /// <summary><c>two-sided</c>, <c>left</c>, <c>soft</c>, <c>random</c>; null for methods without one.</summary>
    public string? Projector { get; init; }
    public required long Seed { get; init; }
    /// <summary><c>accepted</c>, <c>rejected</c>, or why there is no verdict (<c>cancelled</c>, <c>failed</c>).</summary>
    public required string Outcome { get; init; }
    /// <summary>Wall time.</summary>
    public required double Seconds { get; init; }
    public required ModelSummary Model { get; init; }
    public required ReportHashes Hashes { get; init; }
    /// <summary>Versions of what computed it, by name.</summary>
    public required IReadOnlyDictionary<string, string> Software { get; init; }
    /// <summary>The job with every default written out, as indented JSON: itself a job file.</summary>
    public required string Job { get; init; }
    public IReadOnlyList<string> Warnings { get; init; } = [];
    /// <summary>The base model on the final DriftCheck's prompts.</summary>
    public required Rates Base { get; init; }
    /// <summary>The tuned model on the same prompts.</summary>
    public required Rates Tuned { get; init; }
    /// <summary>The unsafe prompts of the final DriftCheck in order, a character each: 1 refused, 0 not. Runs on the same prompts are compared by it, prompt by prompt.</summary>
    public string RefusedPrompts { get; init; } = "";
    public IReadOnlyList<DriftPoint> Drift { get; init; } = [];
    /// <summary>One point a segment.</summary>
    public IReadOnlyList<ForcedPoint> Forced { get; init; } = [];
    public IReadOnlyList<StepPoint> Steps { get; init; } = [];
    /// <summary>In the order of the refreshes; empty without a guard.</summary>
    public IReadOnlyList<FisherSpectrum> Spectra { get; init; } = [];
    public IReadOnlyList<CosinePoint> Cosines { get; init; } = [];
    public IReadOnlyList<SampleAnswer> Samples { get; init; } = [];
    /// <summary>Base and tuned model prompt by prompt in the final DriftCheck; null where it was not reached, and in reports that are older than this.</summary>
    public DriftReport? Comparison { get; init; }
    /// <summary>Null = the gate was not reached.</summary>
    public GateReport? Gate { get; init; }
}

/// <summary>The model that was tuned.</summary>
/// <param name="Path">As the job names it.</param>
/// <param name="Parameters">Of the base model.</param>
/// <param name="AdapterParameters">Trained ones.</param>
/// <param name="Hash">sha-256.</param>
public sealed record ModelSummary(string Path, long Parameters, long AdapterParameters, string Hash);

/// <summary>sha-256 of what the run was made from.</summary>
public sealed record ReportHashes(string Spec, string Model, string Data, string Prompts);
