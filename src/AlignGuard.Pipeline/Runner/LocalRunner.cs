using System.Diagnostics;
using AlignGuard.Domain.FineTuning;
using AlignGuard.Guards;
using AlignGuard.Models;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Runner;

/// <summary>How a run stands when the runner returns.</summary>
/// <param name="State">All that is known.</param>
/// <param name="Stopped">True when it was told to stop; the same command goes on.</param>
public sealed record RunResult(State State, bool Stopped);

/// <summary>
/// The embedded driver: asks the decider what to do, does it, logs what happened. Everything it needs after a crash is in the log and in
/// the commits, so running the same job again is how a run is resumed.
/// </summary>
public sealed class LocalRunner(RunContext run)
{
    private readonly RunLog _log = new(run.Store, run.Folder);

    public async Task<RunResult> RunAsync()
    {
        using var done = new CancellationTokenSource();
        var watch = CancelMarker.WatchAsync(run.Store, run.RunId, run.Cancel, done.Token);
        try
        {
            return await DriveAsync();
        }
        finally
        {
            await done.CancelAsync();
            await watch;
        }
    }

    private async Task<RunResult> DriveAsync()
    {
        var events = await _log.ReadAsync();
        if (events.Count > 0) events = await Recovery.IntactAsync(run, _log, events);
        events = await WithoutFailureAsync(events);
        var state = FineTuningDecider.Fold(events);
        if (FineTuningDecider.Outstanding(state).Length == 0 && !FineTuningDecider.IsTerminal(state))
            state = await HappenedAsync(state, Event.NewStarted(Plan.Of(run.Spec)));
        else if (!FineTuningDecider.IsTerminal(state))
            run.Observer.Says($"Run {run.RunId} goes on at step {state.Step}.");

        while (!FineTuningDecider.IsTerminal(state))
        {
            var command = FineTuningDecider.Outstanding(state)[0];
            var watch = Stopwatch.StartNew();
            var happened = await DoAsync(command);
            if (run.Cancel.IsCancellationRequested)
            {
                state = await HappenedAsync(state, Event.CancelRequested);
                happened ??= Event.NewFailed(command.Id, command.Attempt, new Fault(FaultKind.Transient, "The run was cancelled."));
            }
            if (happened is null) return new RunResult(state, true);
            state = await HappenedAsync(state, happened, watch.Elapsed.TotalSeconds);
            if (run.Stop.Requested && !FineTuningDecider.IsTerminal(state)) return new RunResult(state, true);
        }
        return new RunResult(state, false);
    }

    /// <summary>
    /// Being asked to run a failed run again means that its cause may be gone: the attempts at the command that failed are taken out of the log, and it is
    /// outstanding again.
    /// </summary>
    private async Task<IReadOnlyList<Event>> WithoutFailureAsync(IReadOnlyList<Event> events)
    {
        if (FineTuningDecider.Fold(events).Outcome?.Value is not Outcome.Failed failed) return events;
        var first = Enumerable.Range(0, events.Count).First(n => events[n] is Event.Failed f && f.CommandId == failed.CommandId);
        await _log.CutAsync(first);
        run.Observer.Says($"Run {run.RunId} failed before in {failed.CommandId}: {failed.Fault.Message} It is tried again.");
        return [.. events.Take(first)];
    }

    private async Task<State> HappenedAsync(State state, Event happened, double seconds = 0)
    {
        await _log.AppendAsync(happened, seconds);
        InjectionPoints.Reached("event-logged");
        return FineTuningDecider.Decide(state, happened).Item1;
    }

    /// <summary>Null = told to stop; nothing happened that the log should know.</summary>
    private async Task<Event?> DoAsync(Command command)
    {
        if (command.Work is Work.Backoff backoff) return await WaitAsync(command, backoff);
        run.Observer.Begins(command);
        try
        {
            var result = await FineTuningActivities.RunAsync(run, command);
            run.Observer.Ends(command, result, "");
            return Event.NewCompleted(command.Id, command.Attempt, result);
        }
        catch (OperationCanceledException) when (run.Stop.Requested)
        {
            return null;
        }
        catch (Exception e) when (KindOf(e) is { } kind)
        {
            run.Observer.Ends(command, null, e.Message);
            return Event.NewFailed(command.Id, command.Attempt, new Fault(kind, e.Message));
        }
    }

    private async Task<Event?> WaitAsync(Command command, Work.Backoff backoff)
    {
        run.Observer.Says($"{backoff.ForCommand} is tried again in {backoff.DelaySeconds:f0} s.");
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(backoff.DelaySeconds), run.Stop.Token);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        return Event.NewBackoffElapsed(backoff.ForCommand, command.Attempt);
    }

    /// <summary>What the decider has to know of a failure. Null = not the run's doing: a full or unreachable store leaves the run as it is, resumable.</summary>
    private static FaultKind? KindOf(Exception e) => e switch
    {
        UserFaultException => FaultKind.BadInput,
        GuardFaultException or DivergedException => FaultKind.Permanent,
        StoreException or DamagedArtifactException => null,
        IOException or TimeoutException => FaultKind.Transient,
        _ => null,
    };
}
