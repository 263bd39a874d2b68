using AlignGuard.Infrastructure.Tests.Bicep;

namespace AlignGuard.Infrastructure.Tests.Rules;

/// <summary>Every role is one of a few, and lies on the one resource that it is needed on: never on the resource group or the subscription.</summary>
internal static class RoleRules
{
    private const string Containers = "Microsoft.Storage/storageAccounts/blobServices/containers", Queues = "Microsoft.Storage/storageAccounts/queueServices/queues";

    /// <summary>Role by id: its name, and the type of resource that it may be given on.</summary>
    public static readonly IReadOnlyDictionary<string, (string Name, string On)> Allowed = new Dictionary<string, (string, string)>
    {
        ["ba92f5b4-2d11-453d-a403-e96b0029c9fe"] = ("Storage Blob Data Contributor", Containers),
        ["2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"] = ("Storage Blob Data Reader", Containers),
        ["b7e6dc6d-f1e8-4753-8033-0f276bb0955b"] = ("Storage Blob Data Owner", "Microsoft.Storage/storageAccounts"),
        ["974c5e8b-45b9-4653-ba55-5f855dd0fb88"] = ("Storage Queue Data Contributor", Queues),
        ["c6a89b2d-59bc-44d0-9896-0f6e12d7b80a"] = ("Storage Queue Data Message Sender", Queues),
        ["7f951dda-4ed3-4680-a7ca-43fe172d538d"] = ("AcrPull", "Microsoft.ContainerRegistry/registries"),
        ["0ad04412-c4d5-4796-b79c-f76d14c8d402"] = ("Durable Task Data Contributor", "Microsoft.DurableTask/schedulers/taskHubs"),
        ["3913510d-42f4-4e42-8a64-420c390055eb"] = ("Monitoring Metrics Publisher", "Microsoft.Insights/components"),
    };

    public static IEnumerable<string> Problems(Deployment deployment)
    {
        if (!deployment.Roles.Any()) yield return "no role is given to anybody";
        foreach (var role in deployment.Roles)
        {
            var id = RoleId(role);
            if (!Allowed.TryGetValue(id, out var allowed)) yield return $"role {id} on {role.Scope} is not among those that are given";
            else if (TypeOf(role.Scope) != allowed.On) yield return $"{allowed.Name} is given on {TypeOf(role.Scope)} ({role.Scope}), not on {allowed.On}";
            // The owner's role is for the host's own account, which holds no data of ours.
            else if (allowed.Name == "Storage Blob Data Owner" && !Last(role.Scope).StartsWith("aghost", StringComparison.Ordinal)) yield return $"{allowed.Name} is given on {Last(role.Scope)}";
            if (role.Text("properties.principalType") is null) yield return $"{role.Id} names no principalType: a new identity is not found at once";
        }
    }

    /// <summary>The roles of an identity, "name on resource" each.</summary>
    /// <param name="module">The module that makes the identity, or <c>systemTopics</c>.</param>
    public static IEnumerable<string> Of(Deployment deployment, string module) =>
        deployment.Roles.Where(r => r.Text("properties.principalId")!.Contains(module, StringComparison.Ordinal)).Select(r => $"{Allowed[RoleId(r)].Name} on {Short(r.Scope)}").Order(StringComparer.Ordinal);

    private static string RoleId(Resource role) => Last(role.Text("properties.roleDefinitionId")!);

    private static string Last(string id) => id[(id.LastIndexOf('/') + 1)..];

    // Names end in a token that is made from the resource group: a container or a hub has none.
    private static string Short(string scope) => TypeOf(scope) is "Microsoft.ContainerRegistry/registries" or "Microsoft.Insights/components" or "Microsoft.Storage/storageAccounts"
        ? TypeOf(scope).Split('/')[^1] : Last(scope);

    /// <summary>The type in a resource's id: what follows the last <c>/providers/</c>, without the names.</summary>
    internal static string TypeOf(string id)
    {
        var at = id.LastIndexOf("/providers/", StringComparison.Ordinal);
        if (at < 0) return id.Contains("/resourceGroups/", StringComparison.OrdinalIgnoreCase) ? "resource group" : "subscription";
        var parts = id[(at + "/providers/".Length)..].Split('/');
        return string.Join('/', parts.Take(1).Concat(parts.Skip(1).Where((_, i) => i % 2 == 0)));
    }
}
