using AlignGuard.Infrastructure.Tests.Bicep;
using AlignGuard.Infrastructure.Tests.Support;
using AlignGuard.Pipeline.Cloud;
using Xunit;

namespace AlignGuard.Infrastructure.Tests.Project;

/// <summary>The rehearsal on one machine has the shape of the cloud, and is reached from this machine alone.</summary>
public sealed class ComposeTests
{
    private readonly YamlDotNet.RepresentationModel.YamlMappingNode _compose = Yaml.Read("infra/compose.yaml");

    private IEnumerable<string> Hosts => _compose.At("services").Keys().Where(s => _compose.At("services", s, "build") is not null);

    [Fact]
    public void Emulators_and_hosts_are_all_there()
    {
        Assert.Equal(["azurite", "functions", "gpu-worker", "orchestrator", "scheduler"], _compose.At("services").Keys().Order());
        Assert.Equal(["functions", "gpu-worker", "orchestrator"], Hosts.Order());
    }

    [Fact]
    public void Images_have_a_version()
    {
        foreach (var image in _compose.At("services").Keys().Select(s => _compose.Text("services", s, "image")).OfType<string>())
            Assert.Matches(@"^mcr\.microsoft\.com/[a-z/-]+:v?\d+\.\d+\.\d+$", image);
    }

    [Fact]
    public void Hosts_are_built_from_the_container_files_and_the_worker_on_the_CPU()
    {
        foreach (var host in Hosts)
        {
            Assert.Equal("..", _compose.Text("services", host, "build", "context"));
            Assert.True(File.Exists(Repository.Path(_compose.Text("services", host, "build", "dockerfile")!)));
        }
        Assert.Equal("cpu", _compose.Text("services", "gpu-worker", "build", "args", "TORCH"));
    }

    [Fact]
    public void Ports_are_open_to_this_machine_only()
    {
        foreach (var port in _compose.At("services").Keys().SelectMany(s => _compose.At("services", s, "ports").Items()))
            Assert.StartsWith("127.0.0.1:", port);
    }

    [Fact]
    public async Task Hosts_are_told_the_same_as_in_the_cloud()
    {
        // Signing in and telemetry are the cloud's.
        string[] cloudOnly = ["AZURE_CLIENT_ID", "APPLICATIONINSIGHTS_CONNECTION_STRING", "APPLICATIONINSIGHTS_AUTHENTICATION_STRING"];
        var deployment = await Templates.Dev;
        foreach (var host in new[] { "orchestrator", "gpu-worker" })
        {
            var cloud = deployment.App(host).At("properties.template.containers.0.env")!.AsArray().Select(e => e!["name"]!.ToString());
            // The image itself says where the cache is.
            Assert.Empty(cloud.Except(cloudOnly).Except(["ALIGNGUARD_CACHE"]).Except(_compose.At("services", host, "environment").Keys()));
        }
        var hub = _compose.Text("services", "orchestrator", "environment", CloudSettings.SchedulerVariable)!.Split("TaskHub=")[1];
        Assert.Equal(_compose.Text("services", "scheduler", "environment", "DTS_TASK_HUB_NAMES"), hub);
        Assert.Equal(deployment.Of("Microsoft.DurableTask/schedulers/taskHubs").Single().Name.Split('/')[1], hub);
    }

    [Fact]
    public void The_only_key_is_the_emulator_s_which_is_no_secret()
    {
        var text = Repository.Text("infra/compose.yaml");
        Assert.Equal(1, text.Split("AccountKey=").Length - 1);
        Assert.Contains("AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;", text);
    }
}
