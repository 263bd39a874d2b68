using System.Collections.Concurrent;
using System.Threading.Channels;
using AlignGuard.Domain.FineTuning;
using AlignGuard.Domain.Sweeps;
using AlignGuard.Models;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Sweeps;

/// <summary>The embedded host of a sweep: has its cells' runs worked on, and reads in the store what came of them.</summary>
internal sealed class LocalSweepPort(SweepJob sweep, IArtifactStore store, IRunHost runs, SweepLog log, ISweepObserver observer, CancellationToken cancel, CancellationToken stop)
    : IDriverPort<SweepState, SweepEvent, SweepCommand>, IDisposable
{
    private readonly Channel<SweepEvent> _outside = Channel.CreateUnbounded<SweepEvent>();
    // By cell: a cell that is hopeless in this sweep is stopped, not cancelled, since the same run may be wanted elsewhere.
    private readonly ConcurrentDictionary<int, CancellationTokenSource> _stops = [];
    // Cells that share a baseline but not a Fisher prepare at once: the second waits for the first's baseline instead of measuring it too.
    private readonly SemaphoreSlim _baseline = new(1);
    private int _cancelWatched;

    public void Dispose()
    {
        _baseline.Dispose();
        foreach (var stopped in _stops.Values) stopped.Dispose();
    }

    public Task<SweepEvent> OutsideAsync()
    {
        if (Interlocked.Exchange(ref _cancelWatched, 1) == 0) cancel.Register(() => _outside.Writer.TryWrite(SweepEvent.CancelRequested));
        return _outside.Reader.ReadAsync().AsTask();
    }

    public async Task HappenedAsync(SweepEvent happened, SweepState after)
    {
        await log.AppendAsync(happened);
        observer.Happened(happened, after);
    }

    public Task<SweepEvent?> DoAsync(SweepCommand command) => stop.IsCancellationRequested ? Task.FromResult<SweepEvent?>(null) : command.Work switch
    {
        SweepWork.Prepare prepare => PrepareAsync(command, prepare),
        SweepWork.RunCell run => RunAsync(command, run.Cell),
        SweepWork.StopCell cell => StopAsync(command, cell),
        _ => throw new NotSupportedException($"{command.Id}"),
    };

    private async Task<SweepEvent?> PrepareAsync(SweepCommand command, SweepWork.Prepare prepare)
    {
        var alone = 0;
        try
        {
            await _baseline.WaitAsync(stop);
            alone = 1;
            await WorkAsync(prepare.Cell, RunGoal.Prepared, state =>
            {
                if (state.BaselineDone) Release();
                return Task.CompletedTask;
            }, stop);
            if (stop.IsCancellationRequested) return null;
            var state = await StateAsync(prepare.Cell);
            return state.IsPrepared ? SweepEvent.NewPrepared(prepare.Key, command.Attempt)
                : Failed(state.Outcome?.Value is Outcome.Failed failed ? failed.Fault : new Fault(FaultKind.Permanent, $"Run {RunId(prepare.Cell)} was paused or cancelled while it was prepared."));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception e) when (IsCellsOwn(e))
        {
            return Failed(new Fault(FaultKind.Permanent, e.Message));
        }
        finally
        {
            Release();
        }

        SweepEvent Failed(Fault fault) => SweepEvent.NewPrepareFailed(prepare.Key, command.Attempt, fault);

        void Release()
        {
            if (Interlocked.Exchange(ref alone, 0) == 1) _baseline.Release();
        }
    }

    private async Task<SweepEvent?> RunAsync(SweepCommand command, int cell)
    {
        try
        {
            using var both = CancellationTokenSource.CreateLinkedTokenSource(stop, StopOf(cell).Token);
            await WorkAsync(cell, RunGoal.End, state => TellAsync(command, cell, state), both.Token);
            return await CellFigures.EndedAsync(store, RunId(cell)) is { } result ? Ended(result)
                : StopOf(cell).IsCancellationRequested ? Ended(Rested(CellOutcome.Cancelled, await StateAsync(cell)))
                : stop.IsCancellationRequested ? null
                : Ended(Rested(CellOutcome.NewFailed($"The run was paused. `alignguard resume {RunId(cell)}`, then give the sweep again."), await StateAsync(cell)));
        }
        catch (Exception e) when (IsCellsOwn(e))
        {
            return Ended(CellResult.NotRun(CellOutcome.NewFailed(e.Message)));
        }

        SweepEvent Ended(CellResult result) => SweepEvent.NewCellEnded(cell, command.Attempt, result);

        // Stopped by this sweep, or by somebody who paused it, which holds up none of the others.
        CellResult Rested(CellOutcome outcome, State state) => new(outcome, RunId(cell), state.Step, state.Drifts.LastOrDefault()?.Summary.Refusal, null, null, null, null);
    }

    /// <summary>News of the last check; read from its record, since the answers of base and tuned model are compared prompt by prompt.</summary>
    private async Task TellAsync(SweepCommand command, int cell, State state)
    {
        if (state.Drifts.LastOrDefault() is not { Size.IsQuick: true } check || await RunFolders.OpenAsync(store, RunId(cell)) is not { } run) return;
        _outside.Writer.TryWrite(SweepEvent.NewProgressed(cell, command.Attempt, await CellFigures.ProgressAsync(run, check.Step, check.Segment)));
    }

    private async Task<SweepEvent?> StopAsync(SweepCommand command, SweepWork.StopCell stopped)
    {
        observer.Says($"{sweep.Spec.Cells[stopped.Cell].Label}: stopped. {stopped.Reason}");
        await StopOf(stopped.Cell).CancelAsync();
        return SweepEvent.NewStopped(stopped.Cell, command.Attempt);
    }

    private Task WorkAsync(int cell, RunGoal goal, Func<State, Task> tell, CancellationToken stopping) =>
        RunNews.FollowAsync(runs, store, sweep.Jobs[cell], goal, wait: true, observer.Of(sweep.Spec.Cells[cell], sweep.Jobs[cell].Spec.Train.Steps), tell, stopping);

    private string RunId(int cell) => sweep.Jobs[cell].RunId;

    private Task<State> StateAsync(int cell) => RunLog.StateAsync(store, RunId(cell));

    private CancellationTokenSource StopOf(int cell) => _stops.GetOrAdd(cell, _ => new CancellationTokenSource());

    /// <summary>A cell that cannot run ends, and the others go on. A store that is full or away is no cell's doing: the sweep stays as it is, resumable.</summary>
    private static bool IsCellsOwn(Exception e) => e is UserFaultException or RunBrokeOffException or DamagedArtifactException;
}
