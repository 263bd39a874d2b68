using System.Text;
using AlignGuard.Models;
using AlignGuard.Pipeline.Cloud;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using AlignGuard.Pipeline.Sweeps;
using AlignGuard.Server.Runs;
using Microsoft.Extensions.Logging;

namespace AlignGuard.Server.Cloud;

/// <summary>
/// Works on the queue by way of orchestrations: what was accepted gets one, what ended leaves the queue. All of it can be done again at any time, by any host, so whatever was missed in between (a process
/// that died, a start or an event that was lost) is made up for by the next scan.
/// </summary>
public sealed class Dispatcher(IArtifactStore store, RunQueue queue, JobPolicy policy, IOrchestrations orchestrations, Limits limits, TimeProvider time, ILogger<Dispatcher> log)
{
    /// <summary>Everything in the queue. One entry that cannot be dealt with holds up none of the others.</summary>
    /// <returns>How many could not be dealt with.</returns>
    public async Task<int> DispatchAllAsync(CancellationToken cancellation = default)
    {
        var troubles = 0;
        foreach (var id in (await queue.IdsAsync(cancellation)).Queued)
        {
            try
            {
                await DispatchAsync(id, cancellation);
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
            {
                troubles++;
                log.LogWarning("Run {Run} cannot be dispatched and is tried again: {Problem}", id, Redaction.Fault(e));
            }
        }
        return troubles;
    }

    /// <summary>One entry; nothing where there is none.</summary>
    public async Task DispatchAsync(string id, CancellationToken cancellation = default)
    {
        if (await queue.FindAsync(id, cancellation) is not { } entry || entry.Id != id) return;
        try
        {
            if (await queue.FailureAsync(id, cancellation) is not null) await queue.RemoveAsync(id, cancellation);
            else if (entry.Kind == WorkKind.Sweep) await SweepAsync(entry, cancellation);
            else await RunAsync(entry, cancellation);
        }
        catch (UserFaultException e)
        {
            await queue.FailAsync(entry, [.. e.Problems.Select(Redaction.Sentence)], time.GetUtcNow(), cancellation);
        }
    }

    private async Task RunAsync(QueueEntry entry, CancellationToken cancellation)
    {
        var instance = InstanceId.OfRun(entry.Id);
        var view = await orchestrations.FindAsync(instance, cancellation);
        if (view?.Lingering is { } ended)
        {
            // The engine lets no instance end whose call is open, and the worker that would answer may never come.
            await orchestrations.TerminateAsync(instance, cancellation);
            await SettleAsync(entry, ended, cancellation);
            return;
        }
        // An older instance has ended before this entry was made: its failure may be mended.
        if (view is { Alive: false } && (view.Created >= entry.At || await queue.OutcomeAsync(entry.Id) is { Message: null }) && view.Output is { } output)
        {
            await SettleAsync(entry, output, cancellation);
            return;
        }
        if (view is not { Alive: true })
        {
            await AskedRun.WriteAsync(store, entry.Job(policy.Folder), cancellation);
            await orchestrations.EnsureAsync(CloudNames.FineTuning, instance, new RunRequest(entry.Id, limits), cancellation);
            log.LogInformation("Run {Run} is given to the orchestrator.", entry.Id);
        }
        // Events may be lost, markers are not. Telling again changes nothing.
        if (await queue.IsCancelledAsync(entry.Id, cancellation)) await orchestrations.RaiseAsync(instance, CloudNames.CancelEvent, cancellation);
        if (await ApprovalMarker.FindAsync(store, entry.Id, cancellation) is not null) await orchestrations.RaiseAsync(instance, CloudNames.ApprovalEvent, cancellation);
    }

    /// <summary>The run's log is what says that it ended; where there is no run to have one, what the orchestration returned.</summary>
    private async Task SettleAsync(QueueEntry entry, string output, CancellationToken cancellation)
    {
        if (await queue.OutcomeAsync(entry.Id) is not null) await queue.RemoveAsync(entry.Id, cancellation);
        else
        {
            var problem = output == "cancelled" ? "The run was cancelled before it began. For a new run give the job another name." : output[(output.IndexOf(':') + 1)..].Trim();
            await queue.FailAsync(entry, [Redaction.Sentence(problem)], time.GetUtcNow(), cancellation);
        }
        log.LogInformation("Run {Run} has ended.", entry.Id);
    }

    private async Task SweepAsync(QueueEntry entry, CancellationToken cancellation)
    {
        var sweep = SweepJob.Parse(Encoding.UTF8.GetBytes(entry.Text), $"queue/{entry.Id}.json", entry.Folder ?? policy.Folder, [], occurrence: entry.Id.Split('-')[^1]);
        var instance = InstanceId.OfSweep(sweep.SweepId);
        switch (await orchestrations.FindAsync(instance, cancellation))
        {
            case { LingeringSweep: not null }:
                await orchestrations.TerminateAsync(instance, cancellation);
                await queue.RemoveAsync(entry.Id, cancellation);
                return;
            case { Alive: true }:
                return;
            case { Output: { } output } view when view.Created >= entry.At:
                if (output.StartsWith("failed:", StringComparison.Ordinal)) throw new UserFaultException([output["failed:".Length..].Trim()]);
                await queue.RemoveAsync(entry.Id, cancellation);
                return;
            default:
                await AskedSweep.WriteAsync(store, sweep, entry.Text, cancellation);
                await orchestrations.EnsureAsync(CloudNames.Sweep, instance, new SweepRequest(sweep.SweepId, limits), cancellation);
                return;
        }
    }
}
