using System.Diagnostics;
using System.Globalization;
using AlignGuard.Domain.FineTuning;
using AlignGuard.Domain.Spec;
using AlignGuard.Models.Numerics;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Demo;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using AlignGuard.Pipeline.Training;

namespace AlignGuard.Benchmarks;

/// <summary>What durability costs: commits beside the training they keep, the decision on resumption, memory over many segments.</summary>
internal static class Durability
{
    /// <param name="segments">Of the long run; 500 for the figure that counts.</param>
    /// <param name="steps">Of the segment that is timed; 500 is the default length.</param>
    /// <param name="chain">Committed segments of the run that is taken up again; 1,000 for the figure that counts.</param>
    public static async Task RunAsync(int segments, int steps, int chain)
    {
        var folder = Directory.CreateTempSubdirectory("alignguard-durability-").FullName;
        try
        {
            await CommitsAsync(folder, steps);
            await ResumptionAsync(Path.Combine(folder, "chain"), chain);
            await MemoryAsync(folder, segments);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Everything a segment's end asks of the store (files, record, log), and hashing, beside the whole segment.</summary>
    private static async Task CommitsAsync(string folder, int steps)
    {
        var store = new TimedStore(new FolderStore(Path.Combine(folder, "commits")));
        var watch = new Watch();
        await TrainAsync(folder, store, watch, [$"train.steps={steps}", $"train.segment={steps}", "guard.refreshEvery=0"], command =>
        {
            if (command.Work.IsSegment) store.Reset();
            else if (watch.Segment is { Ticks: > 0 }) store.Freeze();
        });
        var hashing = Stopwatch.StartNew();
        System.Security.Cryptography.SHA256.HashData(new byte[store.Written]);
        var overhead = (store.Spent + hashing.Elapsed) / watch.Segment;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"commit / segment of {steps} steps                     {overhead:p2}   wanted <= 2 %   ({(store.Spent + hashing.Elapsed).TotalMilliseconds:f0} ms for {store.Written / 1e6:f1} MB, of {watch.Segment.TotalSeconds:f1} s)"));
    }

    /// <summary>From being started to knowing what comes next, over a chain of commits that was made without training.</summary>
    private static async Task ResumptionAsync(string folder, int segments)
    {
        var plan = new Plan(segments + 1, 1, 0, false, DriftSchedule.Final, false, 3, 2, 0, 0, 0);
        var records = new RunRecords("chain", "0", "baselines/b", "fishers/f", null, new CommitProtocol(new FolderStore(folder)));
        using var stop = new CancellationTokenSource();
        await new LocalRunner(records, plan, async (command, _) =>
        {
            var record = await records.OnceAsync(command, _ => Task.FromResult(new Made(
                new Dictionary<string, byte[]> { ["adapter.safetensors"] = new byte[100_000], ["optimizer.safetensors"] = new byte[200_000], ["steps.jsonl"] = new byte[1000] }, new { ReachedStep = command.Work is Work.Segment s ? s.ToStep : 0 })));
            if (command.Work is Work.Segment { Index: var index } && index == segments - 1) stop.Cancel();
            return command.Work is Work.Segment done ? CommandResult.NewSegmentDone(done.ToStep, RunRecords.Reference(record), 1, null) : CommandResult.BaselineDone;
        }, new SilentObserver(), stop.Token).RunAsync();

        using var again = new CancellationTokenSource();
        var watch = Stopwatch.StartNew();
        var decided = TimeSpan.Zero;
        await new LocalRunner(records, plan, (_, stopped) =>
        {
            decided = watch.Elapsed;
            again.Cancel();
            throw new OperationCanceledException(stopped.Token);
        }, new SilentObserver(), again.Token).RunAsync();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"decision on resumption, {segments} segments             {decided.TotalSeconds:f2} s   wanted <= 1 s"));
    }

    /// <summary>One-step segments of a real run: whatever a segment leaves behind adds up.</summary>
    private static async Task MemoryAsync(string folder, int segments)
    {
        var watch = new Watch();
        await TrainAsync(folder, new FolderStore(Path.Combine(folder, "memory")), watch, [$"train.steps={segments}", "train.segment=1", "guard.refreshEvery=0"], _ => { });
        var (early, late) = (watch.Memory[watch.Memory.Count / 5], watch.Memory[^1]);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"resident memory, segment {watch.Memory.Count} / segment {watch.Memory.Count / 5 + 1}          {(double)late.Bytes / early.Bytes:f3}   wanted <= 1.05   ({early.Bytes / 1e6:f0} MB -> {late.Bytes / 1e6:f0} MB, live tensors {early.Tensors} -> {late.Tensors})"));
    }

    private static async Task TrainAsync(string folder, IArtifactStore store, Watch watch, string[] overrides, Action<Command> begins)
    {
        var (train, eval) = (Path.Combine(folder, "train.jsonl"), Path.Combine(folder, "eval.jsonl"));
        using (var file = File.Create(train)) HowToTask.WriteJsonl(file, HowToTask.Train().Take(256));
        using (var file = File.Create(eval)) HowToTask.WriteJsonl(file, HowToTask.HeldOut().Take(8));
        using var models = new ModelHost();
        var job = JobFileReader.Read(Path.Combine(AppContext.BaseDirectory, "samples", "demo-job.yaml"),
            [$"data.train={train}", $"data.eval={eval}", "train.batch=8", "driftcheck.every=final", "driftcheck.size=10", "driftcheck.final=10", "fisher.samples=40", "train.threads=auto", .. overrides]);
        watch.OnBegin = begins;
        var run = await JobRun.OpenAsync(job, store, models, watch, StopSignal.Never);
        await new LocalRunner(run).RunAsync();
    }

    /// <summary>Time of the last segment, memory after each.</summary>
    private sealed class Watch : IRunObserver
    {
        private readonly Stopwatch _watch = new();

        public Action<Command> OnBegin { get; set; } = _ => { };
        public TimeSpan Segment { get; private set; }
        public List<(long Bytes, long Tensors)> Memory { get; } = [];

        public void Begins(Command command)
        {
            OnBegin(command);
            _watch.Restart();
        }

        public void Ends(Command command, CommandResult? result, string note)
        {
            if (!command.Work.IsSegment) return;
            Segment = _watch.Elapsed;
            if (Memory.Count % 10 == 0) GC.Collect();
            using var process = Process.GetCurrentProcess();
            Memory.Add((process.WorkingSet64, LiveTensors.Count));
        }

        public void Stepped(StepReport report, int steps) { }
        public void Measured(string what, int done, int total) { }
        public void Says(string message) { }
    }

    /// <summary>Counts the time spent in a store, and what was written.</summary>
    private sealed class TimedStore(IArtifactStore inner) : IArtifactStore
    {
        private bool _frozen;

        public TimeSpan Spent { get; private set; }
        public long Written { get; private set; }
        public string Location => inner.Location;
        public long? FreeBytes => inner.FreeBytes;

        public void Reset() => (Spent, Written, _frozen) = (TimeSpan.Zero, 0, false);
        public void Freeze() => _frozen = true;

        public Task<bool> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default) => TimedAsync(() => inner.CreateAsync(name, content, cancellation), content.Length);
        public Task<bool> ReplaceAsync(string name, ReadOnlyMemory<byte> content, string? ifMatch, CancellationToken cancellation = default) => TimedAsync(() => inner.ReplaceAsync(name, content, ifMatch, cancellation), content.Length);
        public Task<bool> AppendAsync(string name, ReadOnlyMemory<byte> content, long at, CancellationToken cancellation = default) => TimedAsync(() => inner.AppendAsync(name, content, at, cancellation), content.Length);
        public Task<StoredBlob?> ReadAsync(string name, CancellationToken cancellation = default) => TimedAsync(() => inner.ReadAsync(name, cancellation));
        public Task<StoredBlob?> ReadRangeAsync(string name, long offset, int length, string? ifMatch, CancellationToken cancellation = default) => TimedAsync(() => inner.ReadRangeAsync(name, offset, length, ifMatch, cancellation));
        public Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellation = default) => TimedAsync(() => inner.ListAsync(prefix, cancellation));
        public Task DeleteAsync(string name, string? ifMatch = null, CancellationToken cancellation = default) => inner.DeleteAsync(name, ifMatch, cancellation);
        public Task<IStoreLease?> TryLeaseAsync(string name, string holder, TimeSpan duration, CancellationToken cancellation = default) => inner.TryLeaseAsync(name, holder, duration, cancellation);
        public Task BreakLeaseAsync(string name, CancellationToken cancellation = default) => inner.BreakLeaseAsync(name, cancellation);

        private async Task<T> TimedAsync<T>(Func<Task<T>> request, int bytes = 0)
        {
            var watch = Stopwatch.StartNew();
            var result = await request();
            if (!_frozen) (Spent, Written) = (Spent + watch.Elapsed, Written + bytes);
            return result;
        }
    }
}
