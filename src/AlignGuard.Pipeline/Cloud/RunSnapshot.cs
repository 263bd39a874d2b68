using AlignGuard.Domain.FineTuning;

namespace AlignGuard.Pipeline.Cloud;

/// <summary>
/// The state of a run as far as it decides what comes next: a kilobyte, after ten segments or ten thousand. A run that continues as new carries this, so that its new history begins with what the old one
/// proved, without a read that could find something else; the whole state stays in the log, for whoever reports on it. It is a fold like the log's: the same events after it give the same commands.
/// </summary>
/// <param name="Started">The plan, as the line of its event.</param>
/// <param name="Segments">How many are committed.</param>
/// <param name="Last">The newest of them; null before the first.</param>
/// <param name="Drift">The furthest check, the final one once it is done; null before the first.</param>
/// <param name="Outstanding">By <see cref="CommandCodec"/>.</param>
public sealed record RunSnapshot(int Version, string Started, bool BaselineDone, int Fishers, int Bases, int Segments, RunSnapshot.LastSegment? Last, RunSnapshot.LastDrift? Drift,
    bool? GateAccepted, bool? Approved, string? Published, string[] Outstanding, bool Cancelling)
{
    /// <summary>As of <see cref="State"/>.</summary>
    public double? BestEval { get; init; }

    /// <summary>As of <see cref="State"/>.</summary>
    public int IdleEvals { get; init; }

    /// <summary>As of <see cref="State"/>.</summary>
    public bool Disputed { get; init; }

    public const int CurrentVersion = 1;

    public sealed record LastSegment(int Index, int FromStep, int ReachedStep, int? Refresh, string Artifact);

    public sealed record LastDrift(int Segment, int Step, bool Final);

    /// <summary>Of a run that has begun and not ended.</summary>
    public static RunSnapshot Of(State state)
    {
        var plan = state.Plan?.Value ?? throw new InvalidOperationException("A run that has not begun has nothing to carry.");
        if (state.Outcome is not null) throw new InvalidOperationException("A run that has ended is not carried on.");
        var last = state.Segments.LastOrDefault();
        var drift = state.Drifts.OrderBy(d => d.Size.IsFinal).ThenBy(d => d.Step).LastOrDefault();
        return new RunSnapshot(CurrentVersion, EventCodec.Write(Event.NewStarted(plan)), state.BaselineDone, state.Fishers, state.Bases, state.Segments.Length,
            last is null ? null : new LastSegment(last.Index, last.FromStep, last.ReachedStep, last.Refresh, last.Artifact),
            drift is null ? null : new LastDrift(drift.Segment, drift.Step, drift.Size.IsFinal),
            state.GateAccepted, state.Approved, state.Published?.Value, [.. state.Outstanding.Select(CommandCodec.Write)], state.Cancelling) { BestEval = state.BestEval, IdleEvals = state.IdleEvals, Disputed = state.Disputed };
    }

    /// <summary>A state that decides as the whole one would: of segments it has their number and the newest, of checks the furthest, and no figures.</summary>
    /// <exception cref="FormatException">Of another version.</exception>
    public State Expand()
    {
        if (Version != CurrentVersion) throw new FormatException($"The state has version {Version}; this program reads version {CurrentVersion}.");
        var read = EventCodec.Read(Started);
        var begun = FineTuningDecider.Decide(FineTuningDecider.Initial, read.IsOk ? read.ResultValue : throw new FormatException(read.ErrorValue)).Item1;
        var segments = Last is null ? [] : new CommittedSegment[Segments];
        if (Last is not null) Array.Fill(segments, new CommittedSegment(Last.Index, Last.FromStep, Last.ReachedStep, Last.Refresh, Last.Artifact, double.NaN));
        return new State(begun.Plan, BaselineDone, Fishers, Bases, [], segments, BestEval, IdleEvals,
            Drift is null ? [] : [new FinishedDrift(Drift.Segment, Drift.Step, Drift.Final ? DriftSize.Final : DriftSize.Quick, new DriftSummary(null, null, null, null, null, null, ""))],
            GateAccepted, Disputed, Approved, Published is null ? null : Microsoft.FSharp.Core.FSharpOption<string>.Some(Published), [.. Outstanding.Select(CommandCodec.Read)], Cancelling, null);
    }
}
