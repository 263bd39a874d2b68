using AlignGuard.Models;
using AlignGuard.Pipeline.Cloud;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Cloud;

public class SettingsTests
{
    private static readonly Dictionary<string, string> Good = new()
    {
        ["ALIGNGUARD_STORE"] = "store://account/runs",
        ["ALIGNGUARD_WATCH"] = "store://account/datasets",
        ["ALIGNGUARD_QUEUE"] = "queue://account/dataset-events",
        ["DURABLE_TASK_SCHEDULER_CONNECTION_STRING"] = "Endpoint=https://name.westeurope.durabletask.io;Authentication=ManagedIdentity;ClientID=1234;TaskHub=hub",
        ["AZURE_CLIENT_ID"] = "1234",
        ["APPLICATIONINSIGHTS_CONNECTION_STRING"] = "InstrumentationKey=0;IngestionEndpoint=https://x",
    };

    [Theory]
    [InlineData(CloudRole.Orchestrator)]
    [InlineData(CloudRole.GpuWorker)]
    [InlineData(CloudRole.Functions)]
    public void What_the_infrastructure_sets_is_accepted(CloudRole role)
    {
        var settings = CloudSettings.Read(role, Good.GetValueOrDefault);
        Assert.Equal(("store://account/runs", "cuda", 240), (settings.Store, settings.Device, settings.GraceSeconds));
    }

    [Fact]
    public void All_problems_are_told_at_once()
    {
        var e = Assert.Throws<UserFaultException>(() => CloudSettings.Read(CloudRole.Functions, name => name == "APPLICATIONINSIGHTS_CONNECTION_STRING" ? "nonsense" : " "));
        Assert.Equal(5, e.Problems.Count);
        foreach (var name in new[] { "ALIGNGUARD_STORE", "ALIGNGUARD_WATCH", "ALIGNGUARD_QUEUE", "DURABLE_TASK_SCHEDULER", "APPLICATIONINSIGHTS" }) Assert.Contains(e.Problems, p => p.StartsWith(name, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Endpoint=http://localhost:8080;Authentication=None;TaskHub=default", null)]
    [InlineData("Endpoint=http://hub;Authentication=ManagedIdentity;TaskHub=default", "not encrypted")]
    [InlineData("Endpoint=https://hub;TaskHub=default", "has no Authentication")]
    [InlineData("nonsense", "no connection string")]
    public void The_scheduler_is_reached_encrypted_or_is_the_emulator(string connection, string? problem)
    {
        string? Read(string name) => name == "DURABLE_TASK_SCHEDULER_CONNECTION_STRING" ? connection : Good.GetValueOrDefault(name);
        if (problem is null) CloudSettings.Read(CloudRole.Orchestrator, Read);
        else Assert.Contains(problem, Assert.Single(Assert.Throws<UserFaultException>(() => CloudSettings.Read(CloudRole.Orchestrator, Read)).Problems));
    }

    [Theory]
    [InlineData("cuda", null, null, "there is no NVIDIA driver")]
    [InlineData("cuda", "", true, "sees no device")]
    [InlineData("cuda", "NVIDIA A100, 535.104, 80000, 81920", null, "-p:Torch=cuda")]
    [InlineData("cuda", "NVIDIA T4, 470.57, 15000, 15360", false, "does not accept driver 470.57")]
    [InlineData("cuda", "NVIDIA T4, 550.54, 100, 15360", true, "100 MiB free")]
    [InlineData("cuda", "NVIDIA A100, 550.54, 80000, 81920\n", true, null)]
    [InlineData("cpu", null, null, null)]
    public void A_worker_says_what_is_missing_before_it_takes_work(string wanted, string? driver, bool? library, string? problem)
    {
        var found = Preflight.Judge(wanted, driver, library);
        if (problem is null) Assert.Null(found.Problem);
        else Assert.Contains(problem, found.Problem);
    }
}
