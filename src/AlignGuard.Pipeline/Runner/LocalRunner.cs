using AlignGuard.Domain.FineTuning;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Runner;

/// <summary>
/// The embedded runner. Everything it needs after a crash is in the log and in the commits, so running the same job again is how a run is resumed. What goes wrong around it (another process on
/// the same run, a store that forgot what it had acknowledged, damage that shows while it works) sends it back to the store to look again.
/// </summary>
/// <param name="stop">This process is to stop.</param>
/// <param name="wait">Wait for another process that works on the run.</param>
public sealed class LocalRunner(RunRecords records, Plan plan, RunActivity activity, IRunObserver observer, CancellationToken stop, TimeProvider? clock = null, bool wait = true)
{
    // Damage found while working is mended by falling back; damage that comes again and again is a broken disk.
    private const int MostDamages = 5;

    private readonly TimeProvider _clock = clock ?? TimeProvider.System;

    public LocalRunner(RunContext run, bool wait = true) : this(run.Records, Plan.Of(run.Spec), (command, stop) => FineTuningActivities.RunAsync(run.Under(stop), command), run.Observer, run.Stop.Token, wait: wait)
    {
    }

    /// <exception cref="RunBusyException">Another process works on it, and is not to be waited for.</exception>
    public async Task<Driven<State>> RunAsync()
    {
        for (var damages = 0; ;)
        {
            await using var lease = await RunLease.TakeAsync(records, observer, _clock, wait, stop);
            if (lease is null) return new Driven<State>(await RunLog.StateAsync(records.Store, records.RunId), true);
            try
            {
                return await UnderLeaseAsync(lease.Lost, deep: damages > 0);
            }
            catch (LogMovedException e)
            {
                observer.Says($"{e.Message} It is looked at again.");
            }
            catch (DamagedArtifactException e) when (++damages <= MostDamages)
            {
                observer.Says($"{e.Message} The run is checked from its beginning.");
            }
            catch (LeaseLostException)
            {
                observer.Says($"Another process took over run {records.RunId}.");
            }
        }
    }

    private async Task<Driven<State>> UnderLeaseAsync(CancellationToken lost, bool deep)
    {
        using var done = new CancellationTokenSource();
        using var cancel = new CancellationTokenSource();
        using var pause = new CancellationTokenSource();
        using var any = CancellationTokenSource.CreateLinkedTokenSource(stop, cancel.Token, pause.Token);
        var watches = new[]
        {
            RunMarkers.WatchAsync(records.Store, RunMarkers.Cancel(records.RunId), cancel, _clock, done.Token),
            RunMarkers.WatchAsync(records.Store, RunMarkers.Pause(records.RunId), pause, _clock, done.Token),
        };
        try
        {
            var log = new RunLog(records.Store, records.Folder, _clock);
            var state = await TakenUpAsync(log, deep);
            var port = new LocalPort(records, activity, log, observer, _clock, cancel.Token, any.Token, lost);
            var result = await Driver.RunAsync(Driver.FineTuning, port, state);
            if (result.Stopped && lost.IsCancellationRequested && !any.IsCancellationRequested) throw new LeaseLostException();
            if (result.Stopped && pause.IsCancellationRequested) observer.Says($"Run {records.RunId} is paused at step {result.State.Step}: `alignguard resume {records.RunId}` goes on.");
            return result;
        }
        finally
        {
            done.Cancel();
            await Task.WhenAll(watches);
        }
    }

    /// <summary>The state that the log and the commits together prove.</summary>
    private async Task<State> TakenUpAsync(RunLog log, bool deep)
    {
        var events = await log.ReadAsync();
        if (events.Count > 0) events = await Recovery.IntactAsync(records, log, observer, events, deep);
        events = await WithoutFailureAsync(log, events);
        var state = FineTuningDecider.Fold(events);
        if (state.Plan is null)
        {
            var started = Event.NewStarted(plan);
            await log.AppendAsync(started);
            InjectionPoints.Reached("event-logged");
            return FineTuningDecider.Decide(state, started).Item1;
        }
        if (!FineTuningDecider.IsTerminal(state)) observer.Says($"Run {records.RunId} goes on at step {state.Step}.");
        return state;
    }

    /// <summary>
    /// Being asked to run a failed run again means that its cause may be gone: the attempts at the command that failed are taken out of the log, and it is
    /// outstanding again.
    /// </summary>
    private async Task<IReadOnlyList<Event>> WithoutFailureAsync(RunLog log, IReadOnlyList<Event> events)
    {
        if (FineTuningDecider.Fold(events).Outcome?.Value is not Outcome.Failed failed) return events;
        var first = Enumerable.Range(0, events.Count).First(n => events[n] is Event.Failed f && f.CommandId == failed.CommandId);
        await log.CutAsync(first);
        observer.Says($"Run {records.RunId} failed before in {failed.CommandId}: {failed.Fault.Message} It is tried again.");
        return [.. events.Take(first)];
    }

    private sealed class LeaseLostException : Exception;
}
