using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AlignGuard.Infrastructure.Tests.Bicep;
using AlignGuard.Infrastructure.Tests.Support;
using AlignGuard.Pipeline.Cloud;
using Xunit;

namespace AlignGuard.Infrastructure.Tests.Project;

/// <summary>What hosts are told, in the cloud, by compose and on a developer's machine, is what they read: each would start with it.</summary>
public sealed partial class HostSettingsTests
{
    private static readonly (string Service, CloudRole Role)[] Containers = [("orchestrator", CloudRole.Orchestrator), ("gpu-worker", CloudRole.GpuWorker)];

    [Fact]
    public async Task Containers_start_with_what_the_templates_tell_them()
    {
        foreach (var deployment in new[] { await Templates.Dev, await Templates.Prod })
            foreach (var (service, role) in Containers)
                Starts(role, deployment.App(service).At("properties.template.containers.0.env")!.AsArray().ToDictionary(e => e!["name"]!.ToString(), e => e!["value"]?.ToString()));
    }

    [Fact]
    public async Task Functions_start_with_what_the_templates_tell_them()
    {
        var app = (await Templates.Dev).Of("Microsoft.Web/sites").Single();
        Starts(CloudRole.Functions, app.At("properties.siteConfig.appSettings")!.AsArray().ToDictionary(e => e!["name"]!.ToString(), e => e!["value"]?.ToString()));
    }

    [Fact]
    public void Hosts_start_with_what_compose_tells_them()
    {
        var compose = Yaml.Read("infra/compose.yaml");
        foreach (var (service, role) in Containers.Append(("functions", CloudRole.Functions)))
        {
            var settings = CloudSettings.Read(role, name => compose.Text("services", service, "environment", name));
            if (role == CloudRole.GpuWorker) Assert.Equal("cpu", settings.Device);
        }
    }

    [Fact]
    public void Functions_start_with_the_local_settings()
    {
        var values = JsonNode.Parse(Repository.Text("local.settings.json"))!["Values"]!.AsObject();
        CloudSettings.Read(CloudRole.Functions, name => values[name]?.ToString());
    }

    /// <summary>What only Azure knows stands in an expression: any address will do there.</summary>
    private static void Starts(CloudRole role, IReadOnlyDictionary<string, string?> told)
    {
        var settings = CloudSettings.Read(role, name => !told.TryGetValue(name, out var value) || value is null ? null : name == CloudSettings.InsightsVariable ? "InstrumentationKey=0" : Known(value));
        Assert.Contains("Authentication=ManagedIdentity", settings.Scheduler);
        Assert.StartsWith("store://", settings.Store);
    }

    private static string Known(string value) => Format().Match(value) is { Success: true } format ? Place().Replace(format.Groups[1].Value, "https://known-later") : value.StartsWith('[') ? "https://known-later" : value;

    [GeneratedRegex(@"^\[format\('([^']*)'")]
    private static partial Regex Format();

    [GeneratedRegex(@"\{\d+\}")]
    private static partial Regex Place();
}
