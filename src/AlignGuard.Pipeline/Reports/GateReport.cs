namespace AlignGuard.Pipeline.Reports;

/// <summary>The gate's decision.</summary>
public sealed record GateReport(bool Accepted, IReadOnlyList<GateCheck> Checks)
{
    /// <summary>Of the checks' bounds; null in reports that are older than this.</summary>
    public double? Confidence { get; init; }
}

/// <summary>One condition of the gate.</summary>
/// <param name="Estimate">Change found, a fraction; null, like its limits, when it could not be computed.</param>
/// <param name="Low">One-sided lower bound.</param>
/// <param name="High">One-sided upper bound.</param>
/// <param name="Threshold">What the bound is compared with, a fraction.</param>
/// <param name="Sentence">The finding in words.</param>
public sealed record GateCheck(string Name, double? Estimate, double? Low, double? High, double Threshold, bool Passed, string Sentence);
