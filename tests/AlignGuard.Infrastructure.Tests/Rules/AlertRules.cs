using AlignGuard.Infrastructure.Tests.Bicep;

namespace AlignGuard.Infrastructure.Tests.Rules;

/// <summary>The faults that a person has to know of have an alert.</summary>
internal static class AlertRules
{
    private static readonly string[] Alerts = ["poisoned-queue", "failed-runs", "gpu-at-maximum", "dead-letters"];

    public static IEnumerable<string> Problems(Deployment deployment)
    {
        var rules = deployment.Of("Microsoft.Insights/scheduledQueryRules").Concat(deployment.Of("Microsoft.Insights/metricAlerts")).ToList();
        foreach (var alert in Alerts)
            if (!rules.Any(r => r.Name.EndsWith(alert, StringComparison.Ordinal) && r.Text("properties.enabled") == "true")) yield return $"there is no alert '{alert}'";
        foreach (var rule in rules)
            if ((rule.Text("properties.description") ?? "").Length < 40) yield return $"{rule.Name} does not say what to do";

        var gpus = deployment.Of("Microsoft.Insights/metricAlerts").SingleOrDefault(r => r.Name.EndsWith("gpu-at-maximum", StringComparison.Ordinal));
        if (gpus?.Text("properties.criteria.allOf.0.threshold") != deployment.App("gpu-worker").Text("properties.template.scale.maxReplicas")) yield return "the GPU alert has another maximum than the worker";
    }
}
