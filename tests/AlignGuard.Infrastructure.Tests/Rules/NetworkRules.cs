using AlignGuard.Infrastructure.Tests.Bicep;

namespace AlignGuard.Infrastructure.Tests.Rules;

/// <summary>Where a network of one's own is asked for, storage is reached through it alone.</summary>
internal static class NetworkRules
{
    public static IEnumerable<string> Problems(Deployment deployment)
    {
        var accounts = deployment.Of("Microsoft.Storage/storageAccounts").ToList();
        foreach (var account in accounts)
        {
            if (account.Text("properties.publicNetworkAccess") != "Disabled") yield return $"{account.Name} can be reached from everywhere";
            if (account.Text("properties.networkAcls.defaultAction") != "Deny") yield return $"{account.Name} lets through what no rule names";
            // Event Grid has no other way to the queue.
            if (account.Text("properties.networkAcls.bypass") != "AzureServices") yield return $"{account.Name} shuts Event Grid out";
        }

        string[] expected = [.. accounts.Select(a => $"{a.Name} blob"), .. accounts.Where(a => a.Name.StartsWith("agstore", StringComparison.Ordinal)).Select(a => $"{a.Name} queue")];
        var endpoints = deployment.Of("Microsoft.Network/privateEndpoints").Select(e => $"{e.Text("properties.privateLinkServiceConnections.0.properties.privateLinkServiceId")!.Split('/')[^1]} "
            + e.Text("properties.privateLinkServiceConnections.0.properties.groupIds.0")).ToList();
        foreach (var endpoint in expected.Except(endpoints)) yield return $"no private endpoint: {endpoint}";
        if (deployment.Of("Microsoft.Network/privateDnsZones").Count() != 2) yield return "blob and queue have not each a DNS zone";
        if (deployment.Of("Microsoft.Network/privateEndpoints/privateDnsZoneGroups").Count() != endpoints.Count) yield return "an endpoint has no name in DNS";
        if (deployment.Of("Microsoft.App/managedEnvironments").Single().At("properties.vnetConfiguration.infrastructureSubnetId") is null) yield return "the container apps are outside the network";
        if (deployment.Of("Microsoft.Web/sites").Single().Text("properties.virtualNetworkSubnetId") is null) yield return "the functions are outside the network";
    }
}
