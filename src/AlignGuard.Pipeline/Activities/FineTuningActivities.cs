using System.Diagnostics;
using AlignGuard.Domain.FineTuning;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Activities;

/// <summary>
/// Does what the decider asks for. Idempotent: a command that was done before returns the committed result. References in, references out;
/// the same code runs under the local runner and in a cloud worker.
/// </summary>
public static class FineTuningActivities
{
    public static Task<CommandResult> RunAsync(RunContext run, Command command) => TensorThread.RunAsync(async () =>
    {
        // The count is the process's, and runs beside this one have counts of their own: the thread that computes takes the run's.
        TorchSharp.torch.set_num_threads(run.Threads);
        var began = Stopwatch.GetTimestamp();
        try
        {
            var result = await DoAsync(run, command);
            if (result is CommandResult.DriftDone drift) RunMetrics.Checked(run.RunId, drift.Summary);
            return result;
        }
        finally
        {
            RunMetrics.Worked(run.RunId, command.Id.Split('/')[0], run.Models.Device, Stopwatch.GetElapsedTime(began).TotalSeconds);
        }
    });

    private static async Task<CommandResult> DoAsync(RunContext run, Command command)
    {
        var record = await run.Records.OnceAsync(command, parents => MakeAsync(run, command.Id, command.Work, parents));
        if (command.Work is Work.DriftCheck or Work.Fisher || command.Work.IsBaseline) await AnswerJournal.ForgetAsync(run, command);
        switch (command.Work)
        {
            case Work.Fisher:
                return CommandResult.FisherDone;
            case Work.Decompose:
                return CommandResult.NewDecomposeDone([.. CommitProtocol.Result<DecomposeActivity.Result>(record).Warnings]);
            case Work.Segment:
                var trained = CommitProtocol.Result<SegmentActivity.Result>(record);
                return CommandResult.NewSegmentDone(trained.ReachedStep, RunRecords.Reference(record), trained.Loss, trained.EvalLoss);
            case Work.DriftCheck:
                return CommandResult.NewDriftDone(Summary(record));
            case { IsBaseline: true }:
                return CommandResult.BaselineDone;
            case { IsGate: true }:
                var decided = CommitProtocol.Result<GateActivity.Result>(record);
                return decided.Disputed ? CommandResult.GateDisputed : CommandResult.NewGateDone(decided.Accepted);
            default:
                return CommandResult.NewPublished(CommitProtocol.Result<PublishActivity.Result>(record).Adapter);
        }
    }

    private static Task<Made> MakeAsync(RunContext run, string id, Work work, IReadOnlyDictionary<string, CommitReference> parents) => work switch
    {
        Work.Fisher w => FisherActivity.MakeAsync(run, parents, w.Refresh, w.AtStep),
        Work.Decompose w => DecomposeActivity.MakeAsync(run, parents, w.Refresh),
        Work.Segment w => SegmentActivity.MakeAsync(run, parents, w),
        Work.DriftCheck w => DriftCheckActivity.MakeAsync(run, parents, id, w.Size),
        Work.Publish => PublishActivity.MakeAsync(run, parents),
        { IsBaseline: true } => BaselineActivity.MakeAsync(run),
        { IsGate: true } => GateActivity.MakeAsync(run, parents),
        _ => throw new NotSupportedException($"{work} is the driver's to do, not an activity."),
    };

    private static DriftSummary Summary(CommitReference commit)
    {
        var m = CommitProtocol.Result<Measurement>(commit);
        return new DriftSummary(m.Refusal, m.OverRefusal, m.Helpful, m.Task, m.Margin, m.Kl, RunRecords.Reference(commit));
    }
}
