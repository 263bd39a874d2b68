using AlignGuard.Domain.Gate;

namespace AlignGuard.Pipeline.Reports;

/// <summary>What came of a run, and why.</summary>
public static class RunVerdict
{
    /// <summary>In one line.</summary>
    public static string Line(RunReport run) => VerdictLine.Of(run.Outcome, run.Gate?.Confidence,
        (run.Gate?.Checks ?? []).Select(c => new Finding(c.Name, c.Estimate, c.Low, c.High, c.Threshold, c.Passed, c.Sentence)));
}
