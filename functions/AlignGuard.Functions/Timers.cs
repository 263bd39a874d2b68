using AlignGuard.Server.Cloud;
using Microsoft.Azure.Functions.Worker;

namespace AlignGuard.Functions;

/// <summary>What nobody tells of. Occurrences and manifests are written down once, so a timer that fires late, twice or on two hosts starts nothing twice.</summary>
public sealed class Timers(TriggerDesk triggers, Dispatcher dispatcher)
{
    /// <summary>Every minute: schedules, and everything in the queue.</summary>
    [Function("Schedules")]
    public async Task SchedulesAsync([TimerTrigger("0 * * * * *")] TimerInfo timer, CancellationToken cancellation)
    {
        await triggers.SchedulesAsync(cancellation);
        await dispatcher.DispatchAllAsync(cancellation);
    }

    /// <summary>Every half hour: manifests of which no event told.</summary>
    [Function("Reconciliation")]
    public async Task ReconciliationAsync([TimerTrigger("0 15,45 * * * *")] TimerInfo timer, CancellationToken cancellation)
    {
        await triggers.ScanAsync(cancellation);
        await dispatcher.DispatchAllAsync(cancellation);
    }
}
