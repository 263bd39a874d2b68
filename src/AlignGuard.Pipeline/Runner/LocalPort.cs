using AlignGuard.Domain.FineTuning;
using AlignGuard.Guards;
using AlignGuard.Models;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Runner;

/// <summary>Does the work of one command; idempotent.</summary>
public delegate Task<CommandResult> RunActivity(Command command, StopSignal stop);

/// <summary>The embedded host of a run: activities in this process, waits on its clock, what happened in the run's log.</summary>
/// <param name="cancel">Somebody wants the run cancelled.</param>
/// <param name="stop">This process is to stop: signal, pause, or cancel.</param>
/// <param name="lost">The lease was lost: another process works on the run.</param>
internal sealed class LocalPort(RunRecords records, RunActivity activity, RunLog log, IRunObserver observer, TimeProvider clock, CancellationToken cancel, CancellationToken stop, CancellationToken lost) : IDriverPort<State, Event, Command>
{
    private readonly StopSignal _stop = new(stop, lost);
    private bool _cancelTold;
    private double _seconds;

    public Task<Event> OutsideAsync()
    {
        var happened = new TaskCompletionSource<Event>();
        if (!_cancelTold) cancel.Register(() => happened.TrySetResult(Event.CancelRequested));
        _cancelTold = true;
        return happened.Task;
    }

    public async Task<Event?> DoAsync(Command command)
    {
        if (_stop.Requested && !cancel.IsCancellationRequested) return null;
        if (command.Work is Work.Backoff wait) return await WaitAsync(command, wait);
        if (command.Work.IsApproval) return await DecisionAsync(command);
        observer.Begins(command);
        var began = clock.GetTimestamp();
        try
        {
            var result = await activity(command, _stop);
            _seconds = clock.GetElapsedTime(began).TotalSeconds;
            observer.Ends(command, result, "");
            return Event.NewCompleted(command.Id, command.Attempt, result);
        }
        catch (OperationCanceledException) when (_stop.Requested)
        {
            // A cancelled run has to hear of it, since it waits for the command's end; a stopped process says nothing.
            return cancel.IsCancellationRequested ? Event.NewFailed(command.Id, command.Attempt, new Fault(FaultKind.Transient, "The run was cancelled.")) : null;
        }
        catch (Exception e) when (KindOf(e) is { } kind)
        {
            _seconds = clock.GetElapsedTime(began).TotalSeconds;
            observer.Ends(command, null, e.Message);
            return Event.NewFailed(command.Id, command.Attempt, new Fault(kind, e.Message));
        }
    }

    public async Task HappenedAsync(Event happened, State after)
    {
        var seconds = happened is Event.Completed or Event.Failed ? _seconds : 0;
        await log.AppendAsync(happened, seconds);
        InjectionPoints.Reached("event-logged");
    }

    private async Task<Event?> WaitAsync(Command command, Work.Backoff backoff)
    {
        observer.Says($"{backoff.ForCommand} is tried again in {backoff.DelaySeconds:f0} s.");
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(backoff.DelaySeconds), clock, _stop.Token);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        return Event.NewBackoffElapsed(backoff.ForCommand, command.Attempt);
    }

    /// <summary>Nobody waits for a person with a machine: the run stops until it is taken up again.</summary>
    private async Task<Event?> DecisionAsync(Command command)
    {
        if (await ApprovalMarker.FindAsync(records.Store, records.RunId) is { } decision)
            return Event.NewCompleted(command.Id, command.Attempt, CommandResult.NewApprovalDone(decision.Approved, decision.By));
        observer.Says($"The gate accepted run {records.RunId}{await WhyAsync()}; it waits for a person: `alignguard approve {records.RunId} --by NAME`, or --decline. Then give the same command again.");
        return null;
    }

    private async Task<string> WhyAsync() =>
        await records.Protocol.FindAsync(records.Gate) is { } gate && CommitProtocol.Result<GateActivity.Result>(gate).Disputed ? ", but its judges may disagree" : "";

    /// <summary>What the decider has to know of a failure. Null = not the run's doing: a full store, or one that refuses access, leaves the run as it is, resumable.</summary>
    private static FaultKind? KindOf(Exception e) => e switch
    {
        UserFaultException => FaultKind.BadInput,
        BlobChangedException => FaultKind.DataChanged,
        GuardFaultException or DivergedException => FaultKind.Permanent,
        StoreException { Transient: true } => FaultKind.Transient,
        StoreException or DamagedArtifactException => null,
        IOException or TimeoutException => FaultKind.Transient,
        // The native library's; what is out of order once may be in order the next time, and what is not fails after its attempts.
        System.Runtime.InteropServices.ExternalException => FaultKind.Transient,
        _ => null,
    };
}
