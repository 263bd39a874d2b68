using AlignGuard.Models;
using AlignGuard.Server.Cloud;
using Microsoft.Azure.Functions.Worker;

namespace AlignGuard.Functions;

/// <summary>A data set landed: Event Grid puts its event into a storage queue. Tried five times (host.json), a message goes to the queue's <c>-poison</c>.</summary>
public sealed class DatasetEvents(TriggerDesk triggers, Dispatcher dispatcher)
{
    [Function("DatasetEvents")]
    public async Task RunAsync([QueueTrigger("%DATASET_EVENTS_QUEUE%", Connection = "DatasetEvents")] string message, CancellationToken cancellation)
    {
        if (!await triggers.TakeAsync(message, cancellation)) throw new UserFaultException("The message holds no blob events of Event Grid or CloudEvents.");
        await dispatcher.DispatchAllAsync(cancellation);
    }
}
