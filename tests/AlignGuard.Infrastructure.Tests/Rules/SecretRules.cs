using System.Text.RegularExpressions;
using AlignGuard.Infrastructure.Tests.Bicep;

namespace AlignGuard.Infrastructure.Tests.Rules;

/// <summary>There are no secrets: none is asked for, read, kept or given out.</summary>
internal static partial class SecretRules
{
    public static IEnumerable<string> Problems(Deployment deployment)
    {
        foreach (var (name, value) in deployment.Outputs)
            if (Secret().IsMatch(name) || Secret().IsMatch(value!.ToJsonString())) yield return $"output {name} may hold a secret";
        foreach (var resource in deployment.Resources)
        {
            var text = resource.Json.ToJsonString();
            // listKeys and its kin are the only way to a key.
            if (ListFunction().Match(text) is { Success: true } match) yield return $"{resource.Name} calls {match.Value}";
            if (text.Contains("AccountKey=", StringComparison.Ordinal)) yield return $"{resource.Name} holds an account key";
            if (resource.At("properties.configuration.secrets") is not null) yield return $"{resource.Name} has secrets";
        }
        foreach (var registry in deployment.Of("Microsoft.ContainerRegistry/registries"))
            if (registry.Text("properties.adminUserEnabled") != "false") yield return $"{registry.Name}: the admin user is on";
        foreach (var policy in deployment.Of("Microsoft.Web/sites").SelectMany(site => new[] { "ftp", "scm" }.Select(name => (site, name))))
            if (!deployment.Of("Microsoft.Web/sites/basicPublishingCredentialsPolicies").Any(p => p.Name == $"{policy.site.Name}/{policy.name}" && p.Text("properties.allow") == "false"))
                yield return $"{policy.site.Name}: {policy.name} takes a password";
        foreach (var keyed in deployment.Of("Microsoft.Insights/components"))
            if (keyed.Text("properties.DisableLocalAuth") != "true") yield return $"{keyed.Name} takes a key";
        foreach (var keyed in deployment.Of("Microsoft.OperationalInsights/workspaces"))
            if (keyed.Text("properties.features.disableLocalAuth") != "true") yield return $"{keyed.Name} takes a key";
    }

    [GeneratedRegex("key|secret|password|credential|connection_?string|accesstoken|sas", RegexOptions.IgnoreCase)]
    private static partial Regex Secret();

    [GeneratedRegex(@"\blist[A-Z]\w*\(")]
    internal static partial Regex ListFunction();
}
