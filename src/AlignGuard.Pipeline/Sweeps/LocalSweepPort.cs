using System.Collections.Concurrent;
using System.Threading.Channels;
using AlignGuard.Domain.FineTuning;
using AlignGuard.Domain.Sweeps;
using AlignGuard.Guards;
using AlignGuard.Models;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Sweeps;

/// <summary>The embedded host of a sweep: its cells are runs of this process, driven as any run is.</summary>
internal sealed class LocalSweepPort(SweepJob sweep, IArtifactStore store, SweepLog log, ISweepObserver observer, CancellationToken cancel, CancellationToken stop)
    : IDriverPort<SweepState, SweepEvent, SweepCommand>, IDisposable
{
    private readonly Channel<SweepEvent> _outside = Channel.CreateUnbounded<SweepEvent>();
    // A loaded model is used by one cell at a time, and by the next one after it.
    private readonly ConcurrentBag<ModelHost> _models = [];
    // By cell: a cell that is hopeless in this sweep is stopped, not cancelled, since the same run may be wanted elsewhere.
    private readonly ConcurrentDictionary<int, CancellationTokenSource> _stops = [];
    // Cells that share a baseline but not a Fisher prepare at once: the second waits for the first's baseline instead of measuring it too.
    private readonly SemaphoreSlim _baseline = new(1);
    private int _cancelWatched;

    public void Dispose()
    {
        _baseline.Dispose();
        foreach (var models in _models) models.Dispose();
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
        SweepWork.Prepare prepare => Task.Run(() => PrepareAsync(command, prepare)),
        SweepWork.RunCell run => Task.Run(() => RunAsync(command, run.Cell)),
        SweepWork.StopCell cell => StopAsync(command, cell),
        _ => throw new NotSupportedException($"{command.Id}"),
    };

    private async Task<SweepEvent?> PrepareAsync(SweepCommand command, SweepWork.Prepare prepare)
    {
        try
        {
            await WithRunAsync(prepare.Cell, observer.Of(sweep.Spec.Cells[prepare.Cell], sweep.Jobs[prepare.Cell].Spec.Train.Steps), stop, async run =>
            {
                await _baseline.WaitAsync(stop);
                try
                {
                    await FineTuningActivities.RunAsync(run, new Command("baseline", 1, Work.Baseline));
                }
                finally
                {
                    _baseline.Release();
                }
                if (run.Spec.IsGuarded) await FineTuningActivities.RunAsync(run, new Command("fisher/0", 1, Work.NewFisher(0, 0, null)));
                return true;
            });
            return SweepEvent.NewPrepared(prepare.Key, command.Attempt);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception e) when (IsCellsOwn(e))
        {
            return SweepEvent.NewPrepareFailed(prepare.Key, command.Attempt, new Fault(FaultKind.Permanent, e.Message));
        }
    }

    private async Task<SweepEvent?> RunAsync(SweepCommand command, int cell)
    {
        try
        {
            var watch = new CellWatch(observer.Of(sweep.Spec.Cells[cell], sweep.Jobs[cell].Spec.Train.Steps));
            using var both = CancellationTokenSource.CreateLinkedTokenSource(stop, StopOf(cell).Token);
            return await WithRunAsync(cell, watch, both.Token, async run =>
            {
                watch.Checked = (step, segment) => Tell(run, command, cell, step, segment);
                var driven = await new LocalRunner(run).RunAsync();
                if (driven.Stopped && stop.IsCancellationRequested) return null;
                if (driven.Stopped) return SweepEvent.NewCellEnded(cell, command.Attempt, Rested(run, driven.State, StopOf(cell).IsCancellationRequested));
                if (!driven.State.Outcome!.Value.IsFailed) await ReportAsync(run, driven.State);
                return SweepEvent.NewCellEnded(cell, command.Attempt, await CellFigures.ResultAsync(run, driven.State));
            });
        }
        catch (OperationCanceledException) when (StopOf(cell).IsCancellationRequested && !stop.IsCancellationRequested)
        {
            return SweepEvent.NewCellEnded(cell, command.Attempt, CellResult.NotRun(CellOutcome.Cancelled));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception e) when (IsCellsOwn(e))
        {
            return SweepEvent.NewCellEnded(cell, command.Attempt, CellResult.NotRun(CellOutcome.NewFailed(e.Message)));
        }
    }

    private static async Task ReportAsync(RunContext run, State state)
    {
        if (state.Outcome!.Value.IsCancelled) return;
        await Reports.ReportBuilder.WriteAsync(run, await Reports.ReportBuilder.BuildAsync(run, state));
    }

    /// <summary>News of a check; read from its record, since the answers of base and tuned model are compared prompt by prompt.</summary>
    private void Tell(RunContext run, SweepCommand command, int cell, int step, int segment) => _ = Task.Run(async () =>
    {
        try
        {
            _outside.Writer.TryWrite(SweepEvent.NewProgressed(cell, command.Attempt, await CellFigures.ProgressAsync(run, step, segment)));
        }
        catch (Exception e) when (e is StoreException or DamagedArtifactException)
        {
            // News may be left out.
        }
    });

    private async Task<SweepEvent?> StopAsync(SweepCommand command, SweepWork.StopCell stopped)
    {
        observer.Says($"{sweep.Spec.Cells[stopped.Cell].Label}: stopped. {stopped.Reason}");
        await StopOf(stopped.Cell).CancelAsync();
        return SweepEvent.NewStopped(stopped.Cell, command.Attempt);
    }

    private CancellationTokenSource StopOf(int cell) => _stops.GetOrAdd(cell, _ => new CancellationTokenSource());

    /// <summary>A run that ended without an outcome: stopped by this sweep, or by somebody who paused it, which holds up none of the others.</summary>
    private static CellResult Rested(RunContext run, State state, bool stoppedHere) => new(
        stoppedHere ? CellOutcome.Cancelled : CellOutcome.NewFailed($"The run was paused. `alignguard resume {run.RunId}`, then give the sweep again."),
        run.RunId, state.Step, state.Drifts.LastOrDefault()?.Summary.Refusal, null, null, null, null);

    private async Task<T> WithRunAsync<T>(int cell, IRunObserver watch, CancellationToken stopping, Func<RunContext, Task<T>> work)
    {
        if (!_models.TryTake(out var models)) models = new ModelHost();
        try
        {
            return await work(await JobRun.OpenAsync(sweep.Jobs[cell], store, models, watch, new StopSignal(stopping)));
        }
        finally
        {
            _models.Add(models);
        }
    }

    /// <summary>A cell that cannot run ends, and the others go on. A store that is full or away is no cell's doing: the sweep stays as it is, resumable.</summary>
    private static bool IsCellsOwn(Exception e) => e is UserFaultException or GuardFaultException or DivergedException or DamagedArtifactException;

    /// <summary>Passes everything on and picks out the checks.</summary>
    private sealed class CellWatch(IRunObserver inner) : IRunObserver
    {
        public Action<int, int>? Checked { get; set; }

        public void Begins(Command command) => inner.Begins(command);
        public void Stepped(Training.StepReport report, int steps) => inner.Stepped(report, steps);
        public void Measured(string what, int done, int total) => inner.Measured(what, done, total);
        public void Says(string message) => inner.Says(message);

        public void Ends(Command command, CommandResult? result, string note)
        {
            inner.Ends(command, result, note);
            if (command.Work is Work.DriftCheck { Size.IsQuick: true } check && result is not null) Checked?.Invoke(check.Step, check.Segment);
        }
    }
}
