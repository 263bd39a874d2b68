using AlignGuard.Domain.FineTuning;

namespace AlignGuard.Pipeline.Runner;

/// <summary>A run that ended without a verdict. The same command tries the failed part again.</summary>
public sealed class RunFailedException(string runId, Outcome.Failed failed)
    : Exception($"Run {runId} failed in {failed.CommandId}: {failed.Fault.Message} When that is mended, give the same command again: the run goes on from there.")
{
    /// <summary>What kind of failure it was.</summary>
    public FaultKind Kind { get; } = failed.Fault.Kind;
}
