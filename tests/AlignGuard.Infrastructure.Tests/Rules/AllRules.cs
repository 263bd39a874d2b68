using AlignGuard.Infrastructure.Tests.Bicep;

namespace AlignGuard.Infrastructure.Tests.Rules;

/// <summary>Every rule that holds with every parameter file.</summary>
internal static class AllRules
{
    private static readonly Func<Deployment, IEnumerable<string>>[] Rules =
    [
        StorageRules.Problems, RoleRules.Problems, TagRules.Problems, SecretRules.Problems, DiagnosticRules.Problems, ApiVersionRules.Problems, WorkerRules.Problems, EventRules.Problems, AlertRules.Problems,
    ];

    public static IReadOnlyList<string> Problems(Deployment deployment) => [.. Rules.SelectMany(rule => rule(deployment))];
}
