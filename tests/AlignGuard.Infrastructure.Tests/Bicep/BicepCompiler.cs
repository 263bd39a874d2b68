using System.Reflection;
using AlignGuard.Infrastructure.Tests.Support;

namespace AlignGuard.Infrastructure.Tests.Bicep;

/// <summary>The compiler that NuGet restored. It reaches for no network: nothing here comes from a module registry.</summary>
internal static class BicepCompiler
{
    /// <summary>Where the what-if pretends to deploy to.</summary>
    public const string Subscription = "11111111-1111-1111-1111-111111111111", Tenant = "22222222-2222-2222-2222-222222222222", Group = "rg-alignguard", Region = "swedencentral";

    private static readonly string Compiler = typeof(BicepCompiler).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "BicepCompiler").Value!;

    // What parameter files read from the environment must not depend on whose environment that is.
    private static readonly Dictionary<string, string?> Blank = new[]
    {
        "AZURE_ENV_NAME", "AZURE_LOCATION", "ALIGNGUARD_OWNER", "ALIGNGUARD_GPU_HOUR_PRICE", "ALIGNGUARD_ALERT_EMAILS", "ALIGNGUARD_BUDGET_START", "ALIGNGUARD_OPERATOR_ID",
        "ALIGNGUARD_ENTRA_CLIENT_ID", "SERVICE_ORCHESTRATOR_IMAGE_NAME", "SERVICE_GPU_WORKER_IMAGE_NAME",
    }.ToDictionary(name => name, _ => (string?)null);

    /// <summary>Compiles a template to ARM JSON. Diagnostics are on <see cref="Outcome.Error"/>; a warning of a type is one too.</summary>
    public static Task<Outcome> BuildAsync(string file) => Program.RunAsync(Compiler, ["build", file, "--stdout"], Blank);

    /// <summary>Compiles a parameter file and its template.</summary>
    public static Task<Outcome> BuildParametersAsync(string file) => Program.RunAsync(Compiler, ["build-params", file, "--stdout"], Blank);

    /// <summary>Works a parameter file out as far as that goes without Azure: every resource with its values, written beside the file.</summary>
    /// <param name="environment">Variables that the parameter file reads.</param>
    public static async Task<Deployment> WhatIfAsync(string file, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var outcome = await Program.RunAsync(Compiler,
            ["snapshot", file, "--mode", "overwrite", "--subscription-id", Subscription, "--tenant-id", Tenant, "--resource-group", Group, "--location", Region],
            environment is null ? Blank : Blank.Concat(environment).GroupBy(v => v.Key).ToDictionary(v => v.Key, v => v.Last().Value));
        if (outcome.ExitCode != 0) throw new InvalidOperationException($"bicep snapshot {file}: {outcome.Error}{outcome.Output}");
        return Deployment.Read(Path.ChangeExtension(file, ".snapshot.json"));
    }
}
