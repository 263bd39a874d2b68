namespace AlignGuard.Pipeline.Tests.Simulation;

/// <summary>A process of the simulation. Killed, none of its timers rings and nothing it asks the store for is answered: what it was doing simply never goes on.</summary>
/// <param name="skew">By how much its clock is wrong.</param>
internal sealed class Process(World world, TimeSpan skew)
{
    private readonly TaskCompletionSource _died = new();
    private TimeSpan _jumped;

    public World World => world;
    public TimeProvider Clock => field ??= new SkewedClock(this, skew);
    public Task Died => _died.Task;
    public bool Dead => _died.Task.IsCompleted;

    /// <summary>As SIGTERM.</summary>
    public CancellationTokenSource Stop { get; } = new();

    /// <summary>Somebody sets its clock; what it measures by is not moved.</summary>
    public void Jump(TimeSpan by) => _jumped += by;

    public void Kill() => _died.TrySetResult();

    /// <summary>Never ends.</summary>
    public static Task<T> Never<T>() => new TaskCompletionSource<T>().Task;

    public async Task WorkAsync(double seconds)
    {
        await world.DelayUpToAsync(seconds);
        if (Dead) await Never<bool>();
    }

    private sealed class SkewedClock(Process process, TimeSpan skew) : TimeProvider
    {
        private static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;
        public override long GetTimestamp() => process.World.Now.Ticks;
        public override DateTimeOffset GetUtcNow() => Epoch + process.World.Now + skew + process._jumped;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Timer(process, () => callback(state), dueTime);
    }

    private sealed class Timer : ITimer
    {
        private readonly Process _process;
        private readonly Action _ring;
        private World.Alarm? _alarm;

        public Timer(Process process, Action ring, TimeSpan due)
        {
            (_process, _ring) = (process, ring);
            Change(due, System.Threading.Timeout.InfiniteTimeSpan);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _alarm?.Silence();
            if (dueTime >= TimeSpan.Zero)
                _alarm = _process.World.At(_process.World.Now + dueTime, () =>
                {
                    if (!_process.Dead) _ring();
                });
            return true;
        }

        public void Dispose() => _alarm?.Silence();

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
