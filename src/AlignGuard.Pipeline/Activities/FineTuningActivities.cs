using AlignGuard.Domain.FineTuning;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Activities;

/// <summary>
/// Does what the decider asks for. Idempotent: a command that was done before returns the committed result. References in, references out;
/// the same code runs under the local runner and in a cloud worker.
/// </summary>
public static class FineTuningActivities
{
    public static Task<CommandResult> RunAsync(RunContext run, Command command) => TensorThread.RunAsync(() => DoAsync(run, command));

    private static async Task<CommandResult> DoAsync(RunContext run, Command command)
    {
        switch (command.Work)
        {
            case Work.Fisher fisher:
                await FisherActivity.RunAsync(run, fisher.Refresh, fisher.AtStep, fisher.Segment);
                return CommandResult.FisherDone;
            case Work.Decompose decompose:
                var basis = await DecomposeActivity.RunAsync(run, decompose.Refresh);
                return CommandResult.NewDecomposeDone([.. CommitProtocol.Result<DecomposeActivity.Result>(basis).Warnings]);
            case Work.Segment segment:
                var committed = await SegmentActivity.RunAsync(run, segment.Index, segment.FromStep, segment.ToStep, segment.Refresh, segment.Parent);
                var trained = CommitProtocol.Result<SegmentActivity.Result>(committed);
                return CommandResult.NewSegmentDone(trained.ReachedStep, Reference(committed), trained.Loss);
            case Work.DriftCheck drift:
                var measured = await DriftCheckActivity.RunAsync(run, drift.Segment, drift.Step, drift.Size);
                return CommandResult.NewDriftDone(Summary(measured));
            case { IsBaseline: true }:
                await BaselineActivity.RunAsync(run);
                return CommandResult.BaselineDone;
            case { IsGate: true }:
                var gate = await GateActivity.RunAsync(run);
                return CommandResult.NewGateDone(CommitProtocol.Result<GateActivity.Result>(gate).Accepted);
            case { IsPublish: true }:
                var last = await LastSegmentAsync(run);
                var published = await PublishActivity.RunAsync(run, last);
                return CommandResult.NewPublished(CommitProtocol.Result<PublishActivity.Result>(published).Adapter);
            default:
                throw new NotSupportedException($"{command.Id} is the driver's to do, not an activity.");
        }
    }

    private static string Reference(CommitReference commit) => $"{commit.Folder}@{commit.Hash}";

    private static DriftSummary Summary(CommitReference commit)
    {
        var m = CommitProtocol.Result<Measurement>(commit);
        return new DriftSummary(m.Refusal, m.OverRefusal, m.Helpful, m.Task, m.Margin, m.Kl, Reference(commit));
    }

    /// <summary>The segment that the gate's evidence was measured on: its record is the parent of the final check.</summary>
    private static async Task<int> LastSegmentAsync(RunContext run)
    {
        var wanted = (await run.RequireAsync(Folders.FinalDrift(run))).Commit.Parents["segment"];
        for (var index = 0; await run.Protocol.FindAsync(Folders.Segment(run, index)) is { } segment; index++)
            if (segment.Hash == wanted) return index;
        throw new DamagedArtifactException($"{run.Folder}: the final DriftCheck was measured on a segment that is not in the store.");
    }
}
