using AlignGuard.Infrastructure.Tests.Bicep;

namespace AlignGuard.Infrastructure.Tests.Rules;

/// <summary>GPUs are paid for while there is work and only then, and nobody reaches the workers from outside.</summary>
internal static class WorkerRules
{
    public static IEnumerable<string> Problems(Deployment deployment)
    {
        var (worker, orchestrator) = (deployment.App("gpu-worker"), deployment.App("orchestrator"));
        if (worker.Text("properties.template.scale.minReplicas") != "0") yield return "the GPU worker does not scale to zero";
        if (orchestrator.Text("properties.template.scale.minReplicas") != "1") yield return "the orchestrator has not always one replica";
        foreach (var problem in ScaleRule(worker, "Activity").Concat(ScaleRule(orchestrator, "Orchestration"))) yield return problem;
        if (worker.Text("properties.template.scale.rules.0.custom.metadata.maxConcurrentWorkItemsCount") != "1") yield return "a GPU worker takes more than one activity at a time";
        if (worker.Text("properties.template.terminationGracePeriodSeconds") is not { } grace || int.Parse(grace) < 120) yield return "a GPU worker is killed before it can commit";
        foreach (var app in new[] { worker, orchestrator })
        {
            if (app.At("properties.configuration.ingress") is not null) yield return $"{app.Name} can be called from outside";
            if (app.Text("properties.configuration.registries.0.identity") is null) yield return $"{app.Name} does not pull by identity";
            if (app.Text("identity.type") != "UserAssigned") yield return $"{app.Name} has no identity of its own";
        }

        var profiles = deployment.Of("Microsoft.App/managedEnvironments").Single().At("properties.workloadProfiles")!.AsArray().Select(p => p!["workloadProfileType"]!.ToString()).ToList();
        if (!profiles.Contains("Consumption") || !profiles.Any(p => p.StartsWith("Consumption-GPU-", StringComparison.Ordinal))) yield return $"profiles are {string.Join(", ", profiles)}";
    }

    private static IEnumerable<string> ScaleRule(Resource app, string kind)
    {
        const string rule = "properties.template.scale.rules.0.custom";
        if (app.Text($"{rule}.type") != "azure-durabletask-scheduler") yield return $"{app.Name} is not scaled by the scheduler";
        if (app.Text($"{rule}.metadata.workItemType") != kind) yield return $"{app.Name} is not scaled by {kind}";
        if (app.Text($"{rule}.metadata.taskhubName") is null || app.Text($"{rule}.metadata.endpoint") is null) yield return $"{app.Name}: the scale rule names no task hub";
        if (string.IsNullOrEmpty(app.Text($"{rule}.identity"))) yield return $"{app.Name}: the scale rule has no identity";
        if (app.At($"{rule}.auth") is not null) yield return $"{app.Name}: the scale rule has a secret";
    }
}
