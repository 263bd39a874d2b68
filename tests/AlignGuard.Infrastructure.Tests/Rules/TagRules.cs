using AlignGuard.Infrastructure.Tests.Bicep;

namespace AlignGuard.Infrastructure.Tests.Rules;

/// <summary>Every resource says what it belongs to and who answers for it.</summary>
internal static class TagRules
{
    /// <summary>Types that cannot bear tags: parts of others, and what lies on others.</summary>
    private static readonly HashSet<string> Untaggable =
    [
        "Microsoft.Authorization/roleAssignments",
        "Microsoft.Consumption/budgets",
        "Microsoft.DurableTask/schedulers/retentionPolicies",
        "Microsoft.DurableTask/schedulers/taskHubs",
        "Microsoft.EventGrid/systemTopics/eventSubscriptions",
        "Microsoft.Insights/diagnosticSettings",
        "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
        "Microsoft.Storage/storageAccounts/blobServices",
        "Microsoft.Storage/storageAccounts/blobServices/containers",
        "Microsoft.Storage/storageAccounts/managementPolicies",
        "Microsoft.Storage/storageAccounts/queueServices",
        "Microsoft.Storage/storageAccounts/queueServices/queues",
        "Microsoft.Web/sites/basicPublishingCredentialsPolicies",
        "Microsoft.Web/sites/config",
    ];

    public static IEnumerable<string> Problems(Deployment deployment) =>
        from resource in deployment.Resources
        where !Untaggable.Contains(resource.Type)
        from tag in new[] { "project", "environment", "owner" }
        where string.IsNullOrEmpty(resource.Text($"tags.{tag}"))
        select $"{resource.Type} {resource.Name} has no tag '{tag}'";
}
