using AlignGuard.Infrastructure.Tests.Bicep;

namespace AlignGuard.Infrastructure.Tests.Rules;

/// <summary>Only manifests are told of, by identity, and what cannot be delivered is kept.</summary>
internal static class EventRules
{
    public static IEnumerable<string> Problems(Deployment deployment)
    {
        var subscription = deployment.Of("Microsoft.EventGrid/systemTopics/eventSubscriptions").Single();
        foreach (var (path, expected) in Expected)
            if (subscription.Text(path) != expected) yield return $"{subscription.Name}: {path} is {subscription.Text(path) ?? "missing"}, not {expected}";
        if (subscription.At("properties.filter.includedEventTypes")?.AsArray().Select(t => t!.ToString()).SequenceEqual(["Microsoft.Storage.BlobCreated"]) != true)
            yield return $"{subscription.Name} tells of other events than created blobs";
        // Beside the identity's forms there are such without: with keys.
        if (subscription.At("properties.destination") is not null || subscription.At("properties.deadLetterDestination") is not null) yield return $"{subscription.Name} delivers without an identity";

        var queue = subscription.Text("properties.deliveryWithResourceIdentity.destination.properties.queueName");
        var queues = deployment.Of("Microsoft.Storage/storageAccounts/queueServices/queues").Select(q => q.Name.Split('/')[^1]).ToList();
        if (queue is null || !queues.Contains(queue)) yield return $"there is no queue '{queue}'";
        if (!queues.Contains($"{queue}-poison")) yield return "the queue has no poison queue";
    }

    private static readonly (string Path, string Expected)[] Expected =
    [
        ("properties.filter.subjectBeginsWith", "/blobServices/default/containers/datasets/blobs/"),
        ("properties.filter.subjectEndsWith", "/_READY.json"),
        ("properties.deliveryWithResourceIdentity.identity.type", "SystemAssigned"),
        ("properties.deliveryWithResourceIdentity.destination.endpointType", "StorageQueue"),
        ("properties.deadLetterWithResourceIdentity.identity.type", "SystemAssigned"),
        ("properties.deadLetterWithResourceIdentity.deadLetterDestination.properties.blobContainerName", "dead-letters"),
    ];
}
