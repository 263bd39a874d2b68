namespace AlignGuard.Pipeline.Tests.Simulation;

/// <summary>
/// One thread, virtual time. Whatever is ready to run waits in a list from which the seed picks; when nothing is ready, the clock jumps to the next timer. So a seed is one course
/// of events, to be had again, and a year passes in a second.
/// </summary>
internal sealed class World(int seed) : SynchronizationContext
{
    private readonly List<(SendOrPostCallback Callback, object? State)> _ready = [];
    private readonly PriorityQueue<Alarm, (long Due, long Order)> _alarms = new();
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private long _order;

    public Random Random { get; } = new(seed);

    /// <summary>Since the beginning.</summary>
    public TimeSpan Now { get; private set; }

    public bool Chance(double share) => Random.NextDouble() < share;

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (Environment.CurrentManagedThreadId != _thread) throw new InvalidOperationException("Something left the one thread of the simulation.");
        _ready.Add((d, state));
    }

    public Alarm At(TimeSpan due, Action ring)
    {
        var alarm = new Alarm(ring);
        _alarms.Enqueue(alarm, (due.Ticks, _order++));
        return alarm;
    }

    public Task DelayAsync(TimeSpan time)
    {
        var done = new TaskCompletionSource();
        At(Now + time, done.SetResult);
        return done.Task;
    }

    /// <summary>Seconds, up to so many.</summary>
    public Task DelayUpToAsync(double seconds) => DelayAsync(TimeSpan.FromSeconds(Random.NextDouble() * seconds));

    /// <exception cref="TimeoutException">The work still goes on after this much virtual time, or waits for something that never comes.</exception>
    public void Run(Func<Task> work, TimeSpan most)
    {
        var before = Current;
        SetSynchronizationContext(this);
        try
        {
            var task = work();
            while (!task.IsCompleted)
            {
                if (_ready.Count > 0)
                {
                    var n = Random.Next(_ready.Count);
                    var (callback, state) = _ready[n];
                    _ready.RemoveAt(n);
                    callback(state);
                }
                else if (_alarms.TryDequeue(out var alarm, out var at))
                {
                    if (alarm.Silenced) continue;
                    Now = TimeSpan.FromTicks(Math.Max(Now.Ticks, at.Due));
                    if (Now > most) throw new TimeoutException($"not finished after {most} of virtual time");
                    alarm.Ring();
                }
                else throw new TimeoutException("everything waits and nothing is to come");
            }
            task.GetAwaiter().GetResult();
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    internal sealed class Alarm(Action ring)
    {
        public bool Silenced { get; private set; }
        public Action Ring => ring;
        public void Silence() => Silenced = true;
    }
}
