using AlignGuard.Infrastructure.Tests.Bicep;
using AlignGuard.Infrastructure.Tests.Rules;
using Xunit;

namespace AlignGuard.Infrastructure.Tests.Deployments;

/// <summary>The rules can fail: a copy of the templates that is broken breaks each rule that it should.</summary>
public sealed class BrokenModuleTests
{
    private sealed record Break(string File, string Old, string Broken, string Problem);

    private static readonly Break SharedKeys = new("modules/storage.bicep", "allowSharedKeyAccess: false", "allowSharedKeyAccess: true", "allowSharedKeyAccess is true");

    private static readonly Break[] Breaks =
    [
        SharedKeys,
        new("modules/storage.bicep", "allowBlobPublicAccess: false", "allowBlobPublicAccess: true", "allowBlobPublicAccess is true"),
        new("modules/storage.bicep", "isVersioningEnabled: true", "isVersioningEnabled: false", "isVersioningEnabled is not true"),
        new("modules/storage.bicep", "publicAccess: 'None'", "publicAccess: 'Blob'", "the container is public"),
        new("modules/host-storage.bicep", "minimumTlsVersion: 'TLS1_2'", "minimumTlsVersion: 'TLS1_0'", "minimumTlsVersion is TLS1_0"),
        // Without a scope a role lies on the resource group.
        new("modules/registry.bicep", "    scope: registry\n    properties: {\n      principalId", "    properties: {\n      principalId", "AcrPull is given on resource group"),
        // Contributor, of everything.
        new("shared/roles.bicep", "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", "b24988ac-6180-42a0-ab88-20f7382dd24c", "role b24988ac-6180-42a0-ab88-20f7382dd24c"),
        new("modules/registry.bicep", "adminUserEnabled: false", "adminUserEnabled: true", "the admin user is on"),
        new("modules/gpu-worker.bicep", "minReplicas: 0", "minReplicas: 1", "does not scale to zero"),
        new("modules/gpu-worker.bicep", "              identity: identityId\n", "", "the scale rule has no identity"),
        new("modules/gpu-worker.bicep", "maxConcurrentWorkItemsCount: '1'", "maxConcurrentWorkItemsCount: '2'", "more than one activity"),
        new("modules/orchestrator.bicep", "activeRevisionsMode: 'Single'", "activeRevisionsMode: 'Single'\n      ingress: { external: true }", "can be called from outside"),
        new("modules/orchestrator.bicep", "env: settings", "env: concat(settings, [{ name: 'X', value: 'AccountKey=AAAA' }])", "holds an account key"),
        new("modules/events.bicep", "subjectEndsWith: '/_READY.json'", "subjectEndsWith: '.json'", "subjectEndsWith is .json"),
        new("modules/events.bicep", "    deadLetterWithResourceIdentity: {\n      identity: { type: 'SystemAssigned' }", "    deadLetterWithResourceIdentity: {", "deadLetterWithResourceIdentity.identity.type is missing"),
        new("modules/observability.bicep", "DisableLocalAuth: true", "DisableLocalAuth: false", "takes a key"),
        new("modules/container-environment.bicep", "  tags: tags\n", "", "has no tag 'owner'"),
        new("modules/functions.bicep", "scope: app\n", "scope: plan\n", "has no diagnostic settings"),
        new("modules/scheduler.bicep", "Microsoft.DurableTask/schedulers@2025-11-01", "Microsoft.DurableTask/schedulers@2026-05-01-preview", "is a preview that no reason is given for"),
        new("modules/alerts.bicep", "threshold: gpuMaxReplicas", "threshold: 7", "another maximum than the worker"),
        new("main.bicep", "@description('Task hub of the hosts.')", "@description('A key.')\noutput STORE_KEY string = names.store\n\n@description('Task hub of the hosts.')", "output STORE_KEY may hold a secret"),
    ];

    [Fact]
    public async Task A_store_that_takes_keys_breaks_one_rule_and_no_other() =>
        Assert.Contains(SharedKeys.Problem, Assert.Single(await ProblemsAsync(SharedKeys)));

    [Fact]
    public async Task Every_break_is_noticed_among_all_the_others()
    {
        var problems = await ProblemsAsync(Breaks);
        Assert.Empty(Breaks.Where(b => !problems.Any(p => p.Contains(b.Problem, StringComparison.Ordinal))).Select(b => b.Problem));
    }

    private static async Task<IReadOnlyList<string>> ProblemsAsync(params Break[] breaks)
    {
        using var folder = new BicepFolder();
        // The linter would stop some of these first, which another test shows; here it is the rules' turn.
        folder.Alter("bicepconfig.json", "\"enabled\": true", "\"enabled\": false");
        foreach (var b in breaks) folder.Alter(b.File, b.Old, b.Broken);
        return AllRules.Problems(await folder.WhatIfAsync("dev.bicepparam"));
    }
}
