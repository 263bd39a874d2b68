using System.Text.Json;
using AlignGuard.Domain.Sweeps;
using AlignGuard.Pipeline.Cloud;
using AlignGuard.Pipeline.Tests.Simulation;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Cloud;

/// <summary>Sweeps over a task hub in virtual time: bounded fan-out, histories that end while cells run, cancellation.</summary>
public class SweepSimulationTests
{
    private sealed class Sweep(int seed, int cells, int parallel, int calls, double? cancelAt = null, bool workers = true)
    {
        private readonly World _world = new(seed);
        private readonly List<SweepEvent> _log = [SweepEvent.NewStarted(new SweepPlan([.. Enumerable.Range(0, cells).Select(n => new PlannedCell(n, $"cell {n}", $"key{n % 2}"))], parallel, null))];
        private readonly TaskCompletionSource<string> _shown = new();
        private DurableEngine _engine = null!;
        private long _length = 100;
        private int _running;

        public int MostAtOnce { get; private set; }
        public string? Result { get; private set; }
        public TimeSpan EndedAfter { get; private set; }
        public int Histories => _engine.Histories.Count;
        public SweepState State => SweepDecider.Fold(_log);

        public Sweep Run()
        {
            _engine = new DurableEngine(_world, new Mishaps(0.05, 0.2, 5, 0.2), (name, input, host) => name == CloudNames.Sweep
                ? SweepOrchestration.RunAsync(host, JsonSerializer.Deserialize<SweepRequest>(input)!) : CellAsync(host), DoAsync)
            {
                StatusShown = status =>
                {
                    if (!workers && JsonSerializer.Deserialize<SweepProgressStatus>(status)!.Outcome is { } outcome) _shown.TrySetResult(outcome);
                },
            };
            _world.Run(async () =>
            {
                if (cancelAt is { } seconds) _world.At(TimeSpan.FromSeconds(seconds), () => _engine.Raise("sweep", CloudNames.CancelEvent));
                var over = _engine.Start(CloudNames.Sweep, "sweep", new SweepRequest("s", new Limits { CallsPerSweepHistory = calls }));
                // With calls open the engine lets no instance end; what it shows by then is what the dispatcher goes by.
                await Task.WhenAny(over, _shown.Task);
                Result = over.IsCompleted ? await over : _shown.Task.Result;
                EndedAfter = _world.Now;
            }, TimeSpan.FromDays(10));
            return this;
        }

        /// <summary>A cell's run: a while, or until its sweep says stop.</summary>
        private async Task<string> CellAsync(IOrchestration host)
        {
            // As the engine has it: whatever the orchestration returned, it lives until its call is answered.
            if (!workers) return await host.CallAsync<string>("Cell", host.InstanceId);
            using var enough = new CancellationTokenSource();
            var work = host.CallAsync<string>("Cell", host.InstanceId);
            var stopped = host.EventAsync(CloudNames.CancelEvent);
            await Task.WhenAny(work, stopped);
            return work.IsCompleted ? await work : "cancelled";
        }

        private async Task<string?> DoAsync(string name, string request)
        {
            switch (name)
            {
                case CloudNames.OpenSweep:
                    return JsonSerializer.Serialize(new OpenSweepAnswer(SweepPack.Events(_log), SweepPack.Runs(Enumerable.Range(0, cells).Select(n => $"run-{n}")), _length, false, []));
                case CloudNames.RecordEvent:
                    var record = JsonSerializer.Deserialize<RecordRequest>(request)!;
                    var after = record.At + record.Line.Length;
                    if (record.At == _length)
                    {
                        _log.Add(SweepEventCodec.Read(record.Line).ResultValue);
                        _length = after;
                    }
                    return JsonSerializer.Serialize(new RecordAnswer(after, Moved: _length != after));
                case CloudNames.Prepare:
                    return JsonSerializer.Serialize(new ActivityAnswer(AnswerKind.Ended, """{"v":1,"type":"completed","command":"prepare","attempt":1,"result":{"type":"baseline"}}"""));
                case "Cell" when !workers:
                    return await new TaskCompletionSource<string?>().Task;
                case "Cell":
                    MostAtOnce = Math.Max(MostAtOnce, ++_running);
                    await _world.DelayUpToAsync(300);
                    _running--;
                    return "\"accepted\"";
                case CloudNames.StopCell:
                    var stop = JsonSerializer.Deserialize<CellRequest>(request)!;
                    return JsonSerializer.Serialize(new CellAnswer(SweepEventCodec.Write(SweepEvent.NewStopped(stop.Cell, stop.Attempt))));
                case CloudNames.CellResult:
                    var cell = JsonSerializer.Deserialize<CellRequest>(request)!;
                    var outcome = cell.Ended == "accepted" ? CellOutcome.Accepted : CellOutcome.Cancelled;
                    return JsonSerializer.Serialize(new CellAnswer(SweepEventCodec.Write(SweepEvent.NewCellEnded(cell.Cell, cell.Attempt, CellResult.NotRun(outcome)))));
                default:
                    return JsonSerializer.Serialize(new CellAnswer(null));
            }
        }
    }

    [Theory]
    [InlineData(1, 2_000)]
    [InlineData(2, 12)]
    [InlineData(3, 4)]
    public void Every_cell_runs_once_and_never_more_than_allowed_at_once_through_however_many_histories(int seed, int calls)
    {
        var sweep = new Sweep(seed, cells: 12, parallel: 3, calls).Run();
        Assert.Equal("done", sweep.Result);
        Assert.Equal(12, sweep.State.Results.Length);
        Assert.All(sweep.State.Results, r => Assert.True(r.Outcome.IsAccepted));
        // A delivery that happens twice runs twice; the cells themselves are three at once.
        Assert.InRange(sweep.MostAtOnce, 1, 6);
        Assert.True(calls > 100 || sweep.Histories > 14, $"{sweep.Histories} histories");
    }

    [Fact]
    public void A_cancelled_sweep_stops_its_cells_and_begins_no_more()
    {
        var sweep = new Sweep(4, cells: 20, parallel: 2, calls: 2_000, cancelAt: 60).Run();
        Assert.Equal("done", sweep.Result);
        Assert.True(sweep.State.Cancelling);
        Assert.Contains(sweep.State.Results, r => r.Outcome.IsCancelled);
    }

    /// <summary>Cells that wait for a worker that never comes are not waited for once they were told to stop.</summary>
    [Fact]
    public void A_cancelled_sweep_ends_though_no_worker_ever_comes()
    {
        var sweep = new Sweep(5, cells: 6, parallel: 2, calls: 2_000, cancelAt: 60, workers: false).Run();
        Assert.Equal("done", sweep.Result);
        Assert.All(sweep.State.Results, r => Assert.True(r.Outcome.IsCancelled));
        Assert.InRange(sweep.EndedAfter.TotalSeconds, 60 + (2 * new Limits().CancelSeconds), 60 + (3 * new Limits().CancelSeconds));
    }
}
