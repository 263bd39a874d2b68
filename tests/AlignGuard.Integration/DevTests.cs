using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using AlignGuard.Pipeline.Emulation;
using AlignGuard.Pipeline.Store;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Xunit;

namespace AlignGuard.Integration;

/// <summary><c>alignguard dev up</c>, as a developer has it: the real program, the real emulator.</summary>
public sealed class DevTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("alignguard-dev-").FullName;
    private readonly int _blobPort = FreePort(), _queuePort = FreePort();

    private EmulatorAddress Address => new(_blobPort, _queuePort);

    [Fact]
    public async Task The_emulator_comes_up_with_what_a_developer_needs_and_is_gone_when_told_to_stop()
    {
        using (var up = await DevUp.StartAsync(Arguments()))
        {
            Assert.True(up.Document.GetProperty("started").GetBoolean());
            Assert.Equal(AzuriteInstall.Version, up.Document.GetProperty("azurite").GetString());
            Assert.Equal(Address.ConnectionString, up.Document.GetProperty("connectionString").GetString());
            Assert.Equal("store://azurite/runs", up.Document.GetProperty("store").GetString());
            Assert.True(await Container("runs").ExistsAsync());
            Assert.True(await Queue().ExistsAsync());
            Assert.Equal(["howto/_READY.json", "howto/eval.jsonl", "howto/job.yaml", "howto/train.jsonl"], await Datasets().ListAsync(""));
            await Queue().SendMessageAsync("kept");

            // Another one finds the first, uses it, and leaves it alone.
            using (var second = Start("--json"))
            {
                var ended = await second.EndAsync();
                Assert.Equal((0, ""), (ended.ExitCode, ended.Error));
                Assert.False(JsonDocument.Parse(ended.Output).RootElement.GetProperty("started").GetBoolean());
            }
            Assert.Equal(0, await up.StopAsync());
        }
        Assert.True(await AreFreeAsync());

        using (var again = await DevUp.StartAsync(Arguments()))
        {
            Assert.Equal("kept", (await Queue().PeekMessageAsync()).Value.Body.ToString());
            Assert.Equal(0, await again.StopAsync());
        }
        Assert.True(await AreFreeAsync());
    }

    [Fact]
    public async Task The_sample_data_set_is_a_job_that_runs_on_the_emulator()
    {
        using var up = await DevUp.StartAsync(Arguments());
        foreach (var name in await Datasets().ListAsync("howto/"))
            File.WriteAllBytes(Path.Combine(_folder, Path.GetFileName(name)), (await Datasets().ReadAsync(name))!.Content);
        var job = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(_folder, SampleData.ManifestName))).RootElement.GetProperty("job").GetString()!;
        var model = Path.Combine(AppContext.BaseDirectory, "samples", "models", "aligned-demo");
        using var run = AlignGuardProcess.Start(["run", Path.Combine(_folder, job), "--set", $"model={model}", "--store", up.Document.GetProperty("store").GetString()!],
            new Dictionary<string, string> { [StoreAddress.ConnectionVariable] = Address.ConnectionString });
        var ended = await run.EndAsync();
        Assert.True(ended.ExitCode is 0 or 3, ended.Error);
        Assert.Equal(0, await up.StopAsync());
    }

    [Fact]
    public async Task Ports_of_others_and_no_ports_are_all_named()
    {
        using var blobs = new TcpListener(IPAddress.Loopback, _blobPort);
        using var queues = new TcpListener(IPAddress.Loopback, _queuePort);
        blobs.Start();
        queues.Start();
        using (var up = Start())
        {
            var ended = await up.EndAsync();
            Assert.Equal((2, ""), (ended.ExitCode, ended.Output));
            Assert.Contains($"Port {_blobPort} is taken by another program. Free it, or give the blob service another with --blob-port.", ended.Error);
            Assert.Contains("--queue-port", ended.Error);
        }
        var wrong = await AlignGuardProcess.RunAsync("dev", "up", "--blob-port", "0", "--queue-port", "70000");
        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("--blob-port is 0", wrong.Error);
        Assert.Contains("--queue-port is 70000", wrong.Error);
    }

    [Theory]
    [InlineData(null, "needs node")]
    [InlineData("v18.19.0", "Node is v18.19.0: too old")]
    public async Task Node_that_is_absent_or_too_old_is_named(string? version, string expected)
    {
        if (version is not null)
        {
            var node = Path.Combine(_folder, "node");
            File.WriteAllText(node, $"#!/bin/sh\necho {version}\n");
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(node, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }
        using var up = AlignGuardProcess.Start(Arguments(), new Dictionary<string, string> { ["PATH"] = _folder });
        var ended = await up.EndAsync();
        Assert.Equal(2, ended.ExitCode);
        Assert.Contains(expected, ended.Error);
        Assert.Contains("Install Node 20 or newer", ended.Error);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string[] Arguments(params string[] more) =>
        ["dev", "up", "--data", Path.Combine(_folder, "data"), "--blob-port", $"{_blobPort}", "--queue-port", $"{_queuePort}", .. more];

    private AlignGuardProcess Start(params string[] more) => AlignGuardProcess.Start(Arguments(more), DevUp.Environment);

    private BlobContainerClient Container(string name) => new(Address.ConnectionString, name);

    private BlobStore Datasets() => new(Container("datasets"), "", "datasets");

    private QueueClient Queue() => new(Address.ConnectionString, "dataset-events");

    private async Task<bool> AreFreeAsync() => !await Address.IsServedAsync();

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>The command in the foreground, once it has said that it is ready.</summary>
    private sealed class DevUp : IDisposable
    {
        /// <summary>The emulator is installed where the other tests have it.</summary>
        public static readonly Dictionary<string, string> Environment = new() { ["XDG_CACHE_HOME"] = AlignGuard.Tests.AzuriteProcess.CacheFolder };

        private readonly Process _process;

        private DevUp(Process process, JsonElement document) => (_process, Document) = (process, document);

        public JsonElement Document { get; }

        public static async Task<DevUp> StartAsync(string[] arguments)
        {
            var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "alignguard.dll"), .. arguments, "--json"]) { RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (var (name, value) in Environment) start.Environment[name] = value;
            var process = Process.Start(start)!;
            var error = process.StandardError.ReadToEndAsync();
            var document = new StringBuilder();
            while (await process.StandardOutput.ReadLineAsync() is { } line)
            {
                document.AppendLine(line);
                if (line == "}") return new DevUp(process, JsonDocument.Parse(document.ToString()).RootElement);
            }
            throw new Xunit.Sdk.XunitException($"it ended before it was ready: {await error}");
        }

        public async Task<int> StopAsync()
        {
            using (var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"])) await kill.WaitForExitAsync();
            await _process.WaitForExitAsync();
            return _process.ExitCode;
        }

        /// <summary>Also its emulator, should a test have failed.</summary>
        public void Dispose()
        {
            if (!_process.HasExited) _process.Kill(entireProcessTree: true);
            _process.Dispose();
        }
    }
}
