using System.Diagnostics;
using AlignGuard.Models;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Server.Telemetry;

namespace AlignGuard.Server.Runs;

/// <summary>How one attempt at an entry ended.</summary>
/// <param name="Outcome">The outcome's name once there is one; null otherwise.</param>
/// <param name="Problem">Why it has to be tried again; null = told to stop, or ended.</param>
internal sealed record AttemptResult(string Outcome, string? Problem)
{
    public static readonly AttemptResult Stopped = new("stopped", null);

    public static AttemptResult Again(string problem) => new("retried", problem);

    /// <summary>Another server works on it: this one does what is next, and looks again later.</summary>
    public static AttemptResult Busy(string problem) => new(BusyOutcome, problem);

    public const string BusyOutcome = "busy";

    public static AttemptResult Ended(string outcome) => new(outcome, null);
}

/// <summary>Executes one entry once and leaves the queue as the result demands: what ended is out of it, everything else stays.</summary>
internal sealed class RunAttempt(RunQueue queue, JobPolicy policy, IRunExecutor runs, ISweepExecutor? sweeps, TimeProvider time)
{
    public async Task<AttemptResult> ExecuteAsync(QueueEntry entry, CancellationToken stop)
    {
        using var span = ServerMetrics.Source.StartActivity(entry.Kind == WorkKind.Run ? "run" : "sweep");
        span?.SetTag("alignguard.run.id", entry.Id).SetTag("alignguard.origin", entry.Origin);
        var result = await GuardedAsync(entry, stop);
        span?.SetTag("alignguard.outcome", result.Outcome);
        if (result.Problem is not null) span?.SetStatus(ActivityStatusCode.Error, result.Problem);
        return result;
    }

    private async Task<AttemptResult> GuardedAsync(QueueEntry entry, CancellationToken stop)
    {
        try
        {
            if (await queue.IsCancelledUnbegunAsync(entry.Id, stop)) return await CancelledAsync(entry, stop);
            try
            {
                await WorkAsync(entry, stop);
            }
            catch (RunBusyException e)
            {
                return AttemptResult.Busy(e.Message);
            }
            catch (UserFaultException e)
            {
                await queue.FailAsync(entry, [.. e.Problems.Select(Redaction.Sentence)], time.GetUtcNow(), CancellationToken.None);
                return AttemptResult.Ended("failed");
            }
            catch (Exception e) when (e is not OperationCanceledException || !stop.IsCancellationRequested)
            {
                return await SettledAsync(entry) ?? (await queue.IsCancelledUnbegunAsync(entry.Id, stop) ? await CancelledAsync(entry, stop) : AttemptResult.Again(Redaction.Fault(e)));
            }
            if (await SettledAsync(entry) is { } settled) return settled;
            return stop.IsCancellationRequested ? AttemptResult.Stopped : await WithoutOutcomeAsync(entry);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return AttemptResult.Stopped;
        }
        // The store is away in the middle of the settling: the attempt is settled next time.
        catch (Exception e)
        {
            return AttemptResult.Again(Redaction.Fault(e));
        }
    }

    private Task WorkAsync(QueueEntry entry, CancellationToken stop)
    {
        if (entry.Kind == WorkKind.Run) return runs.ExecuteAsync(entry.Job(policy.Folder), stop);
        return sweeps?.ExecuteAsync(new Sweep(entry.Id, entry.Text, entry.Folder ?? policy.Folder), stop)
            ?? throw new UserFaultException("This server does no sweeps. Schedule a job instead, or run the sweep from the command line.");
    }

    /// <summary>The run's log is what says that it ended, whatever the executor returned or threw.</summary>
    private async Task<AttemptResult?> SettledAsync(QueueEntry entry)
    {
        if (entry.Kind == WorkKind.Sweep || await queue.OutcomeAsync(entry.Id) is not { } ended) return null;
        await queue.RemoveAsync(entry.Id);
        return AttemptResult.Ended(ended.Stage);
    }

    private async Task<AttemptResult> WithoutOutcomeAsync(QueueEntry entry)
    {
        // The entry stays: the queue takes it up when a person has decided.
        if (entry.Kind == WorkKind.Run && await queue.RestsAsync(entry.Id, CancellationToken.None)) return AttemptResult.Ended("resting");
        if (entry.Kind == WorkKind.Run) return AttemptResult.Again("The executor returned before the run had an outcome.");
        await queue.RemoveAsync(entry.Id);
        return AttemptResult.Ended("done");
    }

    private async Task<AttemptResult> CancelledAsync(QueueEntry entry, CancellationToken stop)
    {
        await queue.FailAsync(entry, ["The run was cancelled before it began. For a new run give the job another name."], time.GetUtcNow(), stop);
        return AttemptResult.Ended("cancelled");
    }
}
