using AlignGuard.Infrastructure.Tests.Bicep;
using AlignGuard.Infrastructure.Tests.Rules;
using Xunit;

namespace AlignGuard.Infrastructure.Tests.Deployments;

/// <summary>What a deployment would make, worked out without Azure, keeps every rule.</summary>
public sealed class DeploymentTests
{
    [Fact]
    public async Task The_small_environment_keeps_every_rule() => Assert.Empty(AllRules.Problems(await Templates.Dev));

    [Fact]
    public async Task The_team_s_environment_keeps_every_rule() => Assert.Empty(AllRules.Problems(await Templates.Prod));

    [Fact]
    public async Task The_private_parameter_alone_closes_the_storage()
    {
        using var folder = new BicepFolder();
        var open = await Templates.Dev;
        Assert.Contains(NetworkRules.Problems(open), p => p.Contains("from everywhere"));
        Assert.Empty(open.Of("Microsoft.Network/privateEndpoints"));

        folder.Alter("dev.bicepparam", "using './main.bicep'", "using './main.bicep'\nparam privateNetworking = true");
        var closed = await folder.WhatIfAsync("dev.bicepparam");
        Assert.Empty(NetworkRules.Problems(closed));
        Assert.Empty(AllRules.Problems(closed));
    }

    [Fact]
    public async Task Production_is_private_and_survives_the_loss_of_a_data_centre()
    {
        var deployment = await Templates.Prod;
        Assert.Empty(NetworkRules.Problems(deployment));
        Assert.Contains(deployment.Of("Microsoft.Storage/storageAccounts"), a => a.Text("sku.name") == "Standard_ZRS");
        Assert.Equal("Consumption-GPU-NC24-A100", deployment.Of("Microsoft.App/managedEnvironments").Single().Text("properties.workloadProfiles.1.workloadProfileType"));
    }

    [Fact]
    public async Task Optional_parts_come_when_they_are_asked_for()
    {
        using var folder = new BicepFolder();
        var without = await Templates.Dev;
        Assert.Empty(without.Of("Microsoft.Consumption/budgets"));
        Assert.Empty(without.Of("Microsoft.Insights/actionGroups"));
        Assert.Empty(without.Of("Microsoft.Web/sites/config"));

        var with = await folder.WhatIfAsync("dev.bicepparam", new Dictionary<string, string?>
        {
            ["ALIGNGUARD_ALERT_EMAILS"] = "a@example.com,b@example.com",
            ["ALIGNGUARD_OPERATOR_ID"] = "33333333-3333-3333-3333-333333333333",
            ["ALIGNGUARD_ENTRA_CLIENT_ID"] = "44444444-4444-4444-4444-444444444444",
            ["SERVICE_GPU_WORKER_IMAGE_NAME"] = "example.azurecr.io/gpu-worker:1",
        });
        Assert.Empty(AllRules.Problems(with));
        Assert.Equal(["a@example.com", "b@example.com"], with.Of("Microsoft.Insights/actionGroups").Single().At("properties.emailReceivers")!.AsArray().Select(e => e!["emailAddress"]!.ToString()));
        Assert.Equal(4, with.Of("Microsoft.Consumption/budgets").Single().At("properties.notifications")!.AsObject().Count);
        Assert.Equal("true", with.Of("Microsoft.Web/sites/config").Single().Text("properties.globalValidation.requireAuthentication"));
        Assert.Equal("example.azurecr.io/gpu-worker:1", with.App("gpu-worker").Text("properties.template.containers.0.image"));
        Assert.Equal(["Durable Task Data Contributor on alignguard", "Storage Blob Data Contributor on datasets", "Storage Blob Data Contributor on models", "Storage Blob Data Contributor on runs",
            "Storage Blob Data Reader on dead-letters", "Storage Queue Data Contributor on dataset-events-poison"], RoleRules.Of(with, "33333333-3333-3333-3333-333333333333"));
    }

    [Fact]
    public async Task Every_identity_has_what_it_needs_and_nothing_else()
    {
        var deployment = await Templates.Dev;
        Assert.Equal(["AcrPull on registries", "Durable Task Data Contributor on alignguard", "Monitoring Metrics Publisher on components", "Storage Blob Data Contributor on runs",
            "Storage Blob Data Reader on datasets"], RoleRules.Of(deployment, "'orchestratorIdentity-"));
        Assert.Equal(["AcrPull on registries", "Durable Task Data Contributor on alignguard", "Monitoring Metrics Publisher on components", "Storage Blob Data Contributor on runs",
            "Storage Blob Data Reader on datasets", "Storage Blob Data Reader on models"], RoleRules.Of(deployment, "'gpuWorkerIdentity-"));
        Assert.Equal(["Durable Task Data Contributor on alignguard", "Monitoring Metrics Publisher on components", "Storage Blob Data Contributor on runs", "Storage Blob Data Owner on storageAccounts",
            "Storage Blob Data Reader on datasets", "Storage Queue Data Contributor on dataset-events", "Storage Queue Data Contributor on dataset-events-poison"], RoleRules.Of(deployment, "'functionsIdentity-"));
        Assert.Equal(["Storage Blob Data Contributor on dead-letters", "Storage Queue Data Message Sender on dataset-events"], RoleRules.Of(deployment, "systemTopics"));
    }

    [Fact]
    public async Task Two_environments_in_one_group_never_share_a_name()
    {
        using var folder = new BicepFolder();
        var (one, other) = (await Templates.Dev, await folder.WhatIfAsync("dev.bicepparam", new Dictionary<string, string?> { ["AZURE_ENV_NAME"] = "other" }));
        Assert.Empty(one.Resources.Select(r => r.Id).Intersect(other.Resources.Select(r => r.Id)));
        Assert.Empty(one.Resources.GroupBy(r => r.Id).Where(g => g.Count() > 1).Select(g => g.Key));
    }
}
