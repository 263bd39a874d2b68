using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace AlignGuard.Server.Telemetry;

/// <summary>
/// What the server measures of itself: Meter and ActivitySource <c>AlignGuard</c>. Names, counts and outcomes only; never a text of a job or of a row.
/// </summary>
public sealed class ServerMetrics : IDisposable
{
    public const string Name = AlignGuard.Pipeline.Activities.RunMetrics.Name;

    private readonly Meter _meter = new(Name);
    private readonly Counter<long> _started, _finished, _triggers;
    private int _waiting, _running;

    public ServerMetrics()
    {
        _started = _meter.CreateCounter<long>("alignguard.runs.started", "{attempt}", "Attempts at runs and sweeps begun by this process.");
        _finished = _meter.CreateCounter<long>("alignguard.runs.finished", "{attempt}", "Attempts ended, by outcome: accepted, rejected, cancelled, failed, stopped, retried, done (a sweep).");
        _triggers = _meter.CreateCounter<long>("alignguard.triggers", "{event}", "Events of triggers, by source (scan, queue, schedule) and result (started, known, refused, ignored, gone, poison).");
        _meter.CreateObservableGauge("alignguard.queue.length", () => Volatile.Read(ref _waiting), "{run}", "Runs and sweeps that wait for a slot or for their next attempt.");
        _meter.CreateObservableGauge("alignguard.runs.running", () => Volatile.Read(ref _running), "{run}", "Runs and sweeps that are worked on.");
    }

    /// <summary>A span for every attempt at a run.</summary>
    public static ActivitySource Source { get; } = new(Name);

    internal Meter Meter => _meter;

    public void Dispose() => _meter.Dispose();

    internal void Started() => _started.Add(1);

    internal void Finished(string outcome) => _finished.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    internal void Triggered(string source, string result) =>
        _triggers.Add(1, new KeyValuePair<string, object?>("source", source), new KeyValuePair<string, object?>("result", result));

    internal void Queue(int waiting, int running)
    {
        Volatile.Write(ref _waiting, waiting);
        Volatile.Write(ref _running, running);
    }
}
