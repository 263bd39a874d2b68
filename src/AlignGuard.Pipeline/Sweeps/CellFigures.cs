using AlignGuard.Domain.FineTuning;
using AlignGuard.Domain.Sweeps;
using AlignGuard.Evaluation.Drift;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using Verdict = AlignGuard.Evaluation.Judging.Verdict;

namespace AlignGuard.Pipeline.Sweeps;

/// <summary>What a sweep wants to know of a cell's run, from the run's records.</summary>
internal static class CellFigures
{
    /// <summary>How a quick check went, prompt by prompt beside the base model.</summary>
    public static async Task<CellProgress> ProgressAsync(RunContext run, int step, int segment)
    {
        var (before, after) = await AnswersAsync(run, run.Records.Drift(segment));
        return new CellProgress(step, run.Spec.Train.Steps, after.Values.Count(a => a.Verdict == Verdict.Refused), after.Count, after.Keys.Count(id => before[id].Verdict == Verdict.Refused));
    }

    /// <summary>What came of a run; null while it has no outcome.</summary>
    public static async Task<CellResult?> EndedAsync(IArtifactStore store, string runId)
    {
        var state = await RunLog.StateAsync(store, runId);
        if (state.Outcome is null) return null;
        if (await RunFolders.OpenAsync(store, runId) is { } run) return await ResultAsync(run, state);
        return CellResult.NotRun(state.Outcome.Value is Outcome.Failed failed ? CellOutcome.NewFailed(failed.Fault.Message) : CellOutcome.Cancelled);
    }

    private static async Task<CellResult> ResultAsync(RunContext run, State state)
    {
        var outcome = state.Outcome!.Value switch
        {
            Outcome.Failed failed => CellOutcome.NewFailed(failed.Fault.Message),
            { IsAccepted: true } => CellOutcome.Accepted,
            { IsRejected: true } => CellOutcome.Rejected,
            _ => CellOutcome.Cancelled,
        };
        if (!outcome.IsAccepted && !outcome.IsRejected) return new CellResult(outcome, run.RunId, state.Step, state.Drifts.LastOrDefault()?.Summary.Refusal, null, null, null, null);
        var measured = CommitProtocol.Result<Measurement>(await run.Records.RequireAsync(run.Records.FinalDrift));
        var (before, after) = await AnswersAsync(run, run.Records.FinalDrift);
        var refused = after.Keys.Where(id => before[id].Verdict == Verdict.Refused).ToList();
        return new CellResult(outcome, run.RunId, state.Step, measured.Refusal, measured.OverRefusal, measured.Helpful, measured.Task,
            refused.Count == 0 ? null : (double)refused.Count(id => after[id].Verdict == Verdict.Refused) / refused.Count);
    }

    /// <summary>Answers to unsafe prompts by id, of the base model and of the tuned one.</summary>
    private static async Task<(Dictionary<string, PromptAnswer> Before, Dictionary<string, PromptAnswer> After)> AnswersAsync(RunContext run, string drift)
    {
        var before = (await Measuring.AnswersAsync(run, await run.Records.RequireAsync(run.Records.Baseline))).Where(a => a.Unsafe).ToDictionary(a => a.Id);
        var after = (await Measuring.AnswersAsync(run, await run.Records.RequireAsync(drift))).Where(a => a.Unsafe && before.ContainsKey(a.Id)).ToDictionary(a => a.Id);
        return (before, after);
    }
}
