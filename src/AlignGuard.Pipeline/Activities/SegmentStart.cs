using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Activities;

/// <summary>What training goes on from: a commit, or the untrained adapter.</summary>
/// <param name="Commit">Null = nothing is trained yet.</param>
/// <param name="State">Of the commit.</param>
/// <param name="Step">Steps done since the start of the run.</param>
internal sealed record SegmentStart(CommitReference? Commit, SegmentState? State, int Step)
{
    /// <summary>Where the segment began that the next step belongs to: here, or before where it was cut.</summary>
    public int Began => State?.Began ?? Step;

    /// <summary>Steps of it that are done, and those of them that were skipped.</summary>
    public int StepsBefore => Step - Began;
    public int SkippedBefore => State?.Skipped ?? 0;

    public static async Task<SegmentStart> OpenAsync(RunContext run, CommitReference? commit)
    {
        if (commit is null) return new SegmentStart(null, null, 0);
        var state = await run.Protocol.ReadJsonAsync<SegmentState>(commit, AdapterState.StateName);
        return new SegmentStart(commit, state, state.Step);
    }

    /// <summary>The commit at the segment's beginning. A run that was told to stop in the midst of a segment committed what it had: to begin again is to begin before that, as a run that nobody stopped does.</summary>
    /// <param name="index">Number of this commit's segment; null where there is no commit.</param>
    /// <exception cref="DamagedArtifactException">A commit on the way there is gone, or is not what this one was made from.</exception>
    public async Task<SegmentStart> AtBeginningAsync(RunContext run, int? index)
    {
        var (start, number) = (this, index ?? 0);
        while (start.Step > Began)
        {
            // The first segment was made from none.
            if (!start.Commit!.Commit.Parents.TryGetValue("segment", out var wanted)) return new SegmentStart(null, null, 0);
            var parent = await run.Records.RequireAsync(run.Records.Segment(--number));
            if (parent.Hash != wanted) throw new DamagedArtifactException($"{start.Commit.Folder} was made from another commit than {parent.Folder} holds.");
            start = await OpenAsync(run, parent);
        }
        return start;
    }
}

/// <summary><c>state.json</c> of a segment.</summary>
/// <param name="OptimizerSteps">Steps before the state of <c>optimizer.safetensors</c>; skipped steps do not count.</param>
internal sealed record SegmentState(int Step, long OptimizerSteps, int Threads)
{
    /// <summary>Factor of the learning rate: below 1 once the run was rolled back.</summary>
    public double Rate { get; init; } = 1;

    public double[] RecentLosses { get; init; } = [];
    public int StepsOver { get; init; }

    /// <summary>Where a segment began that was cut here; null = it was not, or is of an older version.</summary>
    public int? Began { get; init; }

    /// <summary>Of a segment that was cut here: its steps that were skipped.</summary>
    public int Skipped { get; init; }
}
