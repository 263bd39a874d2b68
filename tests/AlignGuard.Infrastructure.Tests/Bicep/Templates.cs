using AlignGuard.Infrastructure.Tests.Support;

namespace AlignGuard.Infrastructure.Tests.Bicep;

/// <summary>The templates as they are, compiled and worked out once for all tests that only look.</summary>
internal static class Templates
{
    private static readonly Lazy<Task<Deployment>> DevOnce = new(() => WhatIfAsync("dev.bicepparam")), ProdOnce = new(() => WhatIfAsync("prod.bicepparam"));

    private static readonly Lazy<Task<Outcome>> CompiledOnce = new(() => BicepCompiler.BuildAsync(Repository.Path("bicep/main.bicep")));

    public static Task<Deployment> Dev => DevOnce.Value;

    public static Task<Deployment> Prod => ProdOnce.Value;

    /// <summary>ARM JSON of <c>main.bicep</c>.</summary>
    public static Task<Outcome> Compiled => CompiledOnce.Value;

    private static async Task<Deployment> WhatIfAsync(string parameters)
    {
        using var folder = new BicepFolder();
        return await folder.WhatIfAsync(parameters);
    }
}
