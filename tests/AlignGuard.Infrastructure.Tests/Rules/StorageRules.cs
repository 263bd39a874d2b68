using AlignGuard.Infrastructure.Tests.Bicep;

namespace AlignGuard.Infrastructure.Tests.Rules;

/// <summary>What holds for every storage account: no anonymous access, no keys, no old TLS; and for the store, that what was overwritten or removed can be brought back.</summary>
internal static class StorageRules
{
    public static IEnumerable<string> Problems(Deployment deployment)
    {
        var accounts = deployment.Of("Microsoft.Storage/storageAccounts").ToList();
        if (accounts.Count == 0) yield return "there is no storage account";
        foreach (var account in accounts)
            foreach (var (path, expected) in Expected)
                if (account.Text(path) != expected) yield return $"{account.Name}: {path} is {account.Text(path) ?? "missing"}, not {expected}";

        foreach (var container in deployment.Of("Microsoft.Storage/storageAccounts/blobServices/containers"))
            if (container.Text("properties.publicAccess") != "None") yield return $"{container.Name}: the container is public";

        var store = deployment.Of("Microsoft.Storage/storageAccounts/blobServices").Single(s => s.Name.StartsWith("agstore", StringComparison.Ordinal));
        foreach (var path in new[] { "properties.isVersioningEnabled", "properties.deleteRetentionPolicy.enabled", "properties.containerDeleteRetentionPolicy.enabled", "properties.changeFeed.enabled" })
            if (store.Text(path) != "true") yield return $"{store.Name}: {path} is not true";

        // Versions without end are a bill without end.
        if (!deployment.Of("Microsoft.Storage/storageAccounts/managementPolicies").Any(p => p.Text("properties.policy.rules.0.definition.actions.version.delete.daysAfterCreationGreaterThan") is not null))
            yield return "no lifecycle rule removes old versions";
    }

    private static readonly (string Path, string Expected)[] Expected =
    [
        ("kind", "StorageV2"),
        ("properties.allowBlobPublicAccess", "false"),
        ("properties.allowSharedKeyAccess", "false"),
        ("properties.allowCrossTenantReplication", "false"),
        ("properties.minimumTlsVersion", "TLS1_2"),
        ("properties.supportsHttpsTrafficOnly", "true"),
    ];
}
