using System.Collections.Concurrent;
using AlignGuard.Server.Hosting;
using AlignGuard.Server.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AlignGuard.Server.Runs;

/// <summary>
/// Works on the queue: first come, first served, so many at once. One loop owns all that is known in memory; what it knows it has from the store, so a restart
/// loses nothing. Told to stop it begins nothing new, passes the wish on and waits for the executors.
/// </summary>
/// <param name="jitter">0 to 1, see <see cref="RetryDelay"/>.</param>
internal sealed class RunWorker(RunQueue queue, RunAttempt attempts, ServerOptions options, LoopHealth health, ServerMetrics metrics, TimeProvider time, ILogger<RunWorker> log, Func<double>? jitter = null)
    : BackgroundService
{
    /// <param name="Hurried">It was cancelled while it waited for its next attempt, which comes at once then; once only.</param>
    private sealed record Waiting(QueueEntry Entry, int Attempts, DateTimeOffset Due, bool Hurried = false);

    // A lease that nobody renews is over by then.
    private static readonly TimeSpan BusyDelay = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, Waiting> _waiting = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (Waiting Entry, Task<AttemptResult> Task)> _running = new(StringComparer.Ordinal);
    private readonly HashSet<string> _complained = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _finished = new();
    private readonly Func<double> _jitter = jitter ?? Random.Shared.NextDouble;

    protected override async Task ExecuteAsync(CancellationToken stop)
    {
        // The host starts its services one after the other; the first look may take a while.
        await Task.Yield();
        using var beat = health.Register("queue", options.ScanInterval);
        try
        {
            while (!stop.IsCancellationRequested)
            {
                await LookAsync(stop);
                await CollectAsync();
                Begin(stop);
                metrics.Queue(_waiting.Count, _running.Count);
                beat.Beat();
                await WakeAsync(stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Told to stop.
        }
        if (_running.Count > 0) log.LogInformation("Stopping: {Count} runs commit what they have.", _running.Count);
        await Task.WhenAll(_running.Values.Select(r => r.Task));
        await CollectAsync();
    }

    /// <summary>What the store has that is not known here.</summary>
    private async Task LookAsync(CancellationToken stop)
    {
        try
        {
            var (queued, failed) = await queue.IdsAsync(stop);
            foreach (var id in queued.Where(id => !_waiting.ContainsKey(id) && !_running.ContainsKey(id))) await MeetAsync(id, failed.Contains(id), stop);
            foreach (var (id, waiting) in _waiting.Where(w => w.Value.Due > time.GetUtcNow() && !w.Value.Hurried).ToList())
                if (await queue.IsCancelledAsync(id, stop)) _waiting[id] = waiting with { Due = time.GetUtcNow(), Hurried = true };
        }
        catch (Exception e) when (e is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            log.LogWarning("The queue cannot be read: {Problem}", Redaction.Fault(e));
        }
    }

    private async Task MeetAsync(string id, bool failed, CancellationToken stop)
    {
        try
        {
            // Written down as failed or ended, and the process died before it could take the entry away. A list is not of one moment: what it says of a failure may be over.
            if ((failed && await queue.FailureAsync(id, stop) is not null) || await queue.OutcomeAsync(id) is { Message: null }) await queue.RemoveAsync(id, stop);
            else if (await queue.RestsAsync(id, stop)) return;
            else if (await queue.FindAsync(id, stop) is { } entry && entry.Id == id) _waiting[id] = new Waiting(entry, 0, time.GetUtcNow());
        }
        catch (Exception e) when (e is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            // One entry that cannot be read holds up none of the others; it is looked at again every time and complained of once.
            if (_complained.Add(id)) log.LogError("queue/{Run}.json cannot be taken up: {Problem}", id, Redaction.Fault(e));
        }
    }

    private async Task CollectAsync()
    {
        while (_finished.TryDequeue(out var id))
        {
            _running.Remove(id, out var finished);
            var result = await finished.Task;
            if (result.Problem is not { } problem)
            {
                metrics.Finished(result.Outcome);
                log.LogInformation("Run {Run} is {Outcome}.", id, result.Outcome);
                continue;
            }
            if (result.Outcome == AttemptResult.BusyOutcome)
            {
                if (_complained.Add(problem)) log.LogInformation("{Problem} It is looked at again.", problem);
                _waiting[id] = finished.Entry with { Due = time.GetUtcNow() + BusyDelay };
                continue;
            }
            var (attempt, delay) = (finished.Entry.Attempts + 1, RetryDelay.After(finished.Entry.Attempts + 1, _jitter()));
            metrics.Finished("retried");
            log.LogWarning("Run {Run} failed ({Attempt} times since the start) and is tried again in {Seconds} s: {Problem}", id, attempt, (int)delay.TotalSeconds, problem);
            _waiting[id] = finished.Entry with { Attempts = attempt, Due = time.GetUtcNow() + delay };
        }
    }

    private void Begin(CancellationToken stop)
    {
        foreach (var next in _waiting.Values.Where(w => w.Due <= time.GetUtcNow()).OrderBy(w => w.Entry.At).ThenBy(w => w.Entry.Id, StringComparer.Ordinal).ToList())
        {
            if (_running.Count >= options.Concurrency) return;
            var id = next.Entry.Id;
            _waiting.Remove(id);
            metrics.Started();
            log.LogInformation("Run {Run} begins or goes on.", id);
            _running[id] = (next, Task.Run(async () =>
            {
                try
                {
                    return await attempts.ExecuteAsync(next.Entry, stop);
                }
                finally
                {
                    _finished.Enqueue(id);
                    queue.Pulse();
                }
            }, CancellationToken.None));
        }
    }

    /// <summary>Until there is something new, something due, or the time to look again.</summary>
    private async Task WakeAsync(CancellationToken stop)
    {
        var wait = options.ScanInterval;
        foreach (var due in _running.Count < options.Concurrency ? _waiting.Values.Select(w => w.Due - time.GetUtcNow()) : []) wait = due < wait ? due : wait;
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await Task.WhenAny(queue.Pulses.WaitToReadAsync(enough.Token).AsTask(), Task.Delay(wait < TimeSpan.Zero ? TimeSpan.Zero : wait, time, enough.Token));
        await enough.CancelAsync();
        while (queue.Pulses.TryRead(out _)) { }
        stop.ThrowIfCancellationRequested();
    }
}
