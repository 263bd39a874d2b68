using AlignGuard.Server.Runs;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AlignGuard.Server.Hosting;

/// <summary>A loop that does the same thing again and again until the host stops. A turn that fails is logged and comes again: a loop never dies of one.</summary>
/// <param name="name">Of the loop, in logs and in <c>/health/ready</c>.</param>
/// <param name="interval">From the end of one turn to the beginning of the next.</param>
internal abstract class ScanLoop(string name, TimeSpan interval, LoopHealth health, TimeProvider time, ILogger log) : BackgroundService
{
    protected TimeProvider Time => time;

    /// <returns>When to come again if that is sooner than the interval; null = after the interval.</returns>
    protected abstract Task<TimeSpan?> TurnAsync(CancellationToken stop);

    /// <summary>One turn, for a host that has a timer of its own. What goes wrong is the host's to log and to try again.</summary>
    internal Task OnceAsync(CancellationToken stop) => TurnAsync(stop);

    protected override async Task ExecuteAsync(CancellationToken stop)
    {
        await Task.Yield();
        using var heart = health.Register(name, interval);
        try
        {
            while (true)
            {
                var wait = await GuardedAsync(stop) is { } sooner && sooner < interval ? sooner : interval;
                heart.Beat();
                await Task.Delay(wait, time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task<TimeSpan?> GuardedAsync(CancellationToken stop)
    {
        try
        {
            return await TurnAsync(stop);
        }
        catch (Exception e) when (e is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            log.LogWarning("The loop '{Loop}' failed and comes again: {Problem}", name, Redaction.Fault(e));
            return null;
        }
    }
}
