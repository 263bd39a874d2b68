using System.Management.Automation.Language;
using AlignGuard.Infrastructure.Tests.Support;
using Xunit;

namespace AlignGuard.Infrastructure.Tests.Project;

/// <summary>The check before provisioning: what would fail later is told now, in one sentence with an exit code of its own.</summary>
public sealed class HookTests
{
    /// <param name="Name">What is the case.</param>
    /// <param name="Arrange">Makes it so.</param>
    /// <param name="Code">How the hook ends.</param>
    /// <param name="Says">Part of its sentence; on standard error unless it goes on.</param>
    internal sealed record Case(string Name, Action<HookRehearsal> Arrange, int Code, string Says);

    internal static readonly Case[] Cases =
    [
        new("profile and quota are there", _ => { }, 0, "Ready: subscription subscription-1, region swedencentral, up to 1 x Consumption-GPU-NC8as-T4 (quota 1)."),
        new("no az", r => r.Remove("path/az"), 10, "not installed"),
        new("not signed in", r => r.Environment["FAKE_SIGNED_IN"] = "no", 11, "az login"),
        new("not signed in to that subscription", r => (r.Environment["FAKE_SIGNED_IN"], r.Environment["AZURE_SUBSCRIPTION_ID"]) = ("no", "subscription-9"), 11, "not signed in to subscription subscription-9"),
        new("no region", r => r.Environment["AZURE_LOCATION"] = null, 12, "azd env set AZURE_LOCATION"),
        new("a region without the profile", r => r.Environment["FAKE_PROFILES"] = "D4 Consumption-GPU-NC24-A100", 13, "Region swedencentral has no Consumption-GPU-NC8as-T4"),
        new("a region with one of a similar name", r => r.Environment["FAKE_PROFILES"] = "Consumption-GPU-NC8as-T4-next", 13, "Region swedencentral has no Consumption-GPU-NC8as-T4"),
        new("a region that is none", r => r.Environment["FAKE_PROFILES"] = "", 13, "Check the name of the region"),
        new("no quota", r => r.Environment["FAKE_LIMIT"] = "0.0", 14, "quota of ConsumptionT4Gpus in swedencentral is 0"),
        new("a parameter file that is not there", r => r.Remove("bicep/dev.bicepparam"), 15, "'dev'"),
        new("a profile that is not known", r => r.Replace("bicep/dev.bicepparam", "Consumption-GPU-NC8as-T4", "D4"), 15, "gpuProfile 'D4'"),
        new("a number that is none", r => r.Replace("bicep/dev.bicepparam", "gpuMaxReplicas = 1", "gpuMaxReplicas = many"), 15, "gpuMaxReplicas 'many'"),
        new("Cloud is not set", r => r.Environment["Cloud"] = null, 16, "Cloud=true"),
        new("the other parameter file, and too little quota for it", Prod, 14, "quota of ConsumptionNCA100Gpus in swedencentral is 3, and gpuMaxReplicas"),
    ];

    public static TheoryData<string> Names => [.. Cases.Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public Task The_hook_tells(string name) => RehearseAsync(Cases.Single(c => c.Name == name), windows: false);

    [SkippableFact]
    public async Task The_Windows_hook_tells_the_same()
    {
        Skip.If(HookRehearsal.PowerShell is null, "Cloud: PowerShell (pwsh) is not on the path, so the Windows hook is not rehearsed.");
        foreach (var @case in Cases) await RehearseAsync(@case, windows: true);
        await WarnsAsync(windows: true);
        await BudgetAsync(windows: true);
    }

    [Fact]
    public Task A_quota_that_cannot_be_read_is_a_warning() => WarnsAsync(windows: false);

    [Fact]
    public Task A_budget_gets_its_first_month_once() => BudgetAsync(windows: false);

    [Fact]
    public async Task Every_question_is_about_the_chosen_subscription()
    {
        using var rehearsal = new HookRehearsal();
        rehearsal.Environment["AZURE_SUBSCRIPTION_ID"] = "subscription-9";
        Assert.Equal(0, (await rehearsal.RunAsync(windows: false)).ExitCode);
        Assert.All(rehearsal.Calls.Split('\n').Where(c => c.StartsWith("az ", StringComparison.Ordinal)), call => Assert.Contains("--subscription subscription-9", call));
    }

    [Fact]
    public void The_Windows_hook_is_PowerShell_without_a_mistake()
    {
        var tree = Parser.ParseFile(Repository.Path("infra/hooks/preprovision.ps1"), out _, out var errors);
        Assert.Empty(errors);
        Assert.Equal(Codes(Repository.Text("infra/hooks/preprovision.sh")), Codes(tree.Extent.Text));

        static string Codes(string text) => text.Split('\n').First(l => l.StartsWith("# Exit codes:", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_exit_code_has_a_case()
    {
        var line = Repository.Text("infra/hooks/preprovision.sh").Split('\n').First(l => l.StartsWith("# Exit codes:", StringComparison.Ordinal));
        var codes = line["# Exit codes:".Length..].Split('·').Select(part => int.Parse(part.Trim().Split(' ')[0]));
        Assert.Equal(codes.Order(), Cases.Select(c => c.Code).Distinct().Order());
    }

    private static async Task RehearseAsync(Case @case, bool windows)
    {
        using var rehearsal = new HookRehearsal();
        @case.Arrange(rehearsal);
        var outcome = await rehearsal.RunAsync(windows);
        Assert.True(outcome.ExitCode == @case.Code, $"{@case.Name}: exit code {outcome.ExitCode}, {outcome.Error}");
        var (said, silent) = @case.Code == 0 ? (outcome.Output, outcome.Error) : (outcome.Error, outcome.Output);
        Assert.Contains(@case.Says, windows ? said.Replace("$env:Cloud = \"true\"", "Cloud=true") : said);
        Assert.Single(said.Trim().Split('\n'));
        Assert.Equal("", silent);
    }

    private static async Task WarnsAsync(bool windows)
    {
        using var rehearsal = new HookRehearsal();
        rehearsal.Environment["FAKE_LIMIT"] = "";
        var outcome = await rehearsal.RunAsync(windows);
        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("could not be read", outcome.Error);
        Assert.Contains("(quota unknown)", outcome.Output);
    }

    private static async Task BudgetAsync(bool windows)
    {
        using var rehearsal = new HookRehearsal();
        Assert.Equal(0, (await rehearsal.RunAsync(windows)).ExitCode);
        Assert.Matches(@"azd env set ALIGNGUARD_BUDGET_START \d{4}-\d\d-01", rehearsal.Calls);

        using var later = new HookRehearsal();
        later.Environment["ALIGNGUARD_BUDGET_START"] = "2026-01-01";
        Assert.Equal(0, (await later.RunAsync(windows)).ExitCode);
        Assert.DoesNotContain("azd", later.Calls);
    }

    private static void Prod(HookRehearsal rehearsal)
    {
        rehearsal.Replace("azure.yaml", "  module: dev", "  module: prod");
        (rehearsal.Environment["FAKE_PROFILES"], rehearsal.Environment["FAKE_LIMIT"]) = ("Consumption-GPU-NC24-A100", "3");
    }
}
