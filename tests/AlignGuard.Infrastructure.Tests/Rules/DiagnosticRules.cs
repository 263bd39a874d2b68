using AlignGuard.Infrastructure.Tests.Bicep;

namespace AlignGuard.Infrastructure.Tests.Rules;

/// <summary>What can tell what happened on it tells the workspace.</summary>
internal static class DiagnosticRules
{
    private static readonly string[] Telling =
    [
        "Microsoft.App/managedEnvironments",
        "Microsoft.ContainerRegistry/registries",
        "Microsoft.EventGrid/systemTopics",
        "Microsoft.Storage/storageAccounts/blobServices",
        "Microsoft.Storage/storageAccounts/queueServices",
        "Microsoft.Web/sites",
    ];

    public static IEnumerable<string> Problems(Deployment deployment)
    {
        var told = deployment.Diagnostics.Where(d => d.Text("properties.workspaceId") is { Length: > 0 }).Select(d => d.Scope).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var resource in Telling.SelectMany(deployment.Of))
            if (!told.Contains(resource.Id)) yield return $"{resource.Type} {resource.Name} has no diagnostic settings";
        // The workbook counts GPU hours by the worker's replicas.
        if (!told.Contains(deployment.App("gpu-worker").Id)) yield return "the GPU worker's metrics go nowhere";
    }
}
