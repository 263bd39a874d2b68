using AlignGuard.Server.Hosting;
using AlignGuard.Server.Runs;
using AlignGuard.Server.Telemetry;
using Azure.Storage.Queues.Models;
using Microsoft.Extensions.Logging;

namespace AlignGuard.Server.Triggers;

/// <summary>
/// Takes blob events from a storage queue. A message is deleted only after what came of it is in the ledger, so one that is delivered again finds it there. What cannot be
/// read, and what has been tried five times, goes to the poison queue for a person to look at.
/// </summary>
internal sealed class QueueWatcher(EventQueue queue, IReadOnlyList<WatchedSource> sources, TriggerIntake intake, LoopHealth health, ServerMetrics metrics, TimeProvider time, ILogger<QueueWatcher> log)
    : ScanLoop("events", Every, health, time, log)
{
    private const int AtOnce = 8, MostTries = 5;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2), Hidden = TimeSpan.FromMinutes(1);

    protected override async Task<TimeSpan?> TurnAsync(CancellationToken stop)
    {
        QueueMessage[] messages = (await queue.Messages.ReceiveMessagesAsync(AtOnce, Hidden, stop)).Value;
        foreach (var message in messages) await TakeAsync(message, stop);
        return messages.Length == 0 ? null : TimeSpan.Zero;
    }

    /// <summary>One message. Visible to tests, which hand over one that was tried often without waiting for it to come back so often.</summary>
    internal async Task TakeAsync(QueueMessage message, CancellationToken stop)
    {
        if (message.DequeueCount > MostTries || BlobEvent.Parse(message.Body.ToString()) is not { } events)
        {
            await PoisonAsync(message, stop);
            return;
        }
        try
        {
            foreach (var created in events) await TakeAsync(created, stop);
            await queue.Messages.DeleteMessageAsync(message.MessageId, message.PopReceipt, stop);
        }
        catch (Exception e) when (e is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            log.LogWarning("An event cannot be dealt with and comes again (try {Try} of {Most}): {Problem}", message.DequeueCount, MostTries, Redaction.Fault(e));
        }
    }

    private async Task TakeAsync(BlobEvent created, CancellationToken stop)
    {
        var taken = false;
        foreach (var source in sources)
        {
            if (created.NameIn(source) is not { } name || !ReadyManifest.IsManifest(name)) continue;
            await intake.TakeAsync(source, name, "queue", stop);
            taken = true;
        }
        if (!taken) metrics.Triggered("queue", "ignored");
    }

    private async Task PoisonAsync(QueueMessage message, CancellationToken stop)
    {
        await queue.Poison.CreateIfNotExistsAsync(cancellationToken: stop);
        // It waits for a person: for ever, if need be.
        await queue.Poison.SendMessageAsync(message.Body, timeToLive: TimeSpan.FromSeconds(-1), cancellationToken: stop);
        await queue.Messages.DeleteMessageAsync(message.MessageId, message.PopReceipt, stop);
        metrics.Triggered("queue", "poison");
        log.LogWarning("Message {Message} is no event, or was tried {Most} times in vain; it lies in {Poison} now.", message.MessageId, MostTries, queue.Poison.Name);
    }
}
