using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using AlignGuard.Pipeline.Store;
using AlignGuard.Tests;
using Azure.Storage.Blobs;
using Xunit;

namespace AlignGuard.Integration;

/// <summary>The real server in a real process: a data set arrives, a run begins by itself, is stopped with the machine, and goes on.</summary>
public sealed class ServeTests : IAsyncLifetime
{
    private const string Token = "0123456789abcdef0123456789abcdef";
    private readonly TinyJob _job = new();
    private AzuriteProcess _azurite = null!;

    public async Task InitializeAsync() => _azurite = await AzuriteProcess.StartAsync();

    public async Task DisposeAsync()
    {
        _job.Dispose();
        await _azurite.DisposeAsync();
    }

    [Fact]
    public async Task A_data_set_that_arrives_is_trained_on_by_itself_and_a_stopped_server_goes_on()
    {
        var datasets = new BlobContainerClient(_azurite.ConnectionString, "datasets");
        await datasets.CreateAsync();
        await datasets.GetBlobClient("team/howto/train.jsonl").UploadAsync(_job.TrainFile);
        await datasets.GetBlobClient("team/howto/eval.jsonl").UploadAsync(Path.Combine(_job.Folder, "eval.jsonl"));
        await PutAsync(datasets, "team/howto/job.yaml", """
            name: arrived
            model: aligned-demo
            data: { train: train.jsonl, eval: eval.jsonl }
            lora: { r: 4, alpha: 8 }
            train: { steps: 400, segment: 10, batch: 4, lr: 1e-3, seqLen: 96, threads: 1 }
            guard: { rank: { min: 4, max: 16 }, refreshEvery: 200 }
            fisher: { samples: 40, minRefusals: 8 }
            driftcheck: { size: 20, final: 40, maxNewTokens: 16, every: final }
            """);
        await PutAsync(datasets, "team/broken/_READY.json", """{ "version": 1, "job": "../../outside.yaml" }""");
        await PutAsync(datasets, "team/howto/_READY.json", """{ "version": 1, "job": "job.yaml" }""");

        using (var first = await ServedAsync())
        {
            await first.UntilAsync(run => run.GetProperty("progress").ValueKind == JsonValueKind.Object && run.GetProperty("progress").GetProperty("step").GetInt32() is >= 10 and < 400);
            await first.StopAsync();
        }
        using var second = await ServedAsync();
        var ended = await second.UntilAsync(run => run.GetProperty("phase").GetString() == "ended");
        Assert.Equal("rejected", ended.GetProperty("progress").GetProperty("stage").GetString());
        var id = ended.GetProperty("runId").GetString()!;
        Assert.StartsWith("arrived-", id);
        Assert.Contains("<html", await second.GetAsync($"/runs/{id}/files/runs/{id}/report.html"));
        Assert.Contains("/runs/{id}/approve", await second.GetAsync("/openapi/v1.json"));
        Assert.Single(JsonDocument.Parse(await second.GetAsync("/runs")).RootElement.EnumerateArray());
        var manifest = await new BlobStore(new BlobContainerClient(_azurite.ConnectionString, "runs"), "", "runs").ListAsync("triggers/");
        Assert.Equal(2, manifest.Count);
        await second.StopAsync();
    }

    [Fact]
    public async Task A_server_that_could_be_misused_does_not_start()
    {
        var open = await AlignGuardProcess.RunAsync("serve", "--store", _job.Store("store"), "--address", "0.0.0.0", "--port", "0", "--watch", "store://azurite/x", "--concurrency", "0");
        Assert.Equal(2, open.ExitCode);
        Assert.Contains("no token is set", open.Error);
        Assert.Contains("concurrency", open.Error);
        Assert.Contains("store://azurite/x", open.Error);
        Assert.False(Directory.Exists(_job.Store("store")));
    }

    private static Task PutAsync(BlobContainerClient container, string name, string text) => container.GetBlobClient(name).UploadAsync(BinaryData.FromString(text));

    private async Task<Served> ServedAsync()
    {
        var port = FreePort();
        var process = AlignGuardProcess.Start(["serve", "--store", "store://azurite/runs", "--watch", "store://azurite/datasets/team", "--port", $"{port}", "--scan", "1"], new Dictionary<string, string>
        {
            [StoreAddress.ConnectionVariable] = _azurite.ConnectionString,
            ["ALIGNGUARD_TOKEN"] = Token,
            ["ALIGNGUARD_CACHE"] = _job.Store("cache"),
        });
        var served = new Served(process, port);
        await served.ReadyAsync();
        return served;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }

    private sealed class Served : IDisposable
    {
        private readonly AlignGuardProcess _process;
        private readonly HttpClient _http;

        public Served(AlignGuardProcess process, int port)
        {
            _process = process;
            _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        }

        public async Task ReadyAsync()
        {
            for (var waited = 0; ; waited += 200)
            {
                try
                {
                    if ((await _http.GetAsync("/health/live")).IsSuccessStatusCode) return;
                }
                catch (HttpRequestException)
                {
                    // Not listening yet.
                }
                Assert.True(waited < 60_000, "the server did not get ready");
                await Task.Delay(200);
            }
        }

        public Task<string> GetAsync(string path) => _http.GetStringAsync(path);

        /// <summary>The one run, once it is as wanted.</summary>
        public async Task<JsonElement> UntilAsync(Func<JsonElement, bool> wanted)
        {
            for (var waited = 0; waited < 180_000; waited += 200)
            {
                foreach (var run in JsonDocument.Parse(await GetAsync("/runs")).RootElement.EnumerateArray())
                    if (wanted(run)) return run;
                await Task.Delay(200);
            }
            throw new TimeoutException(await GetAsync("/runs"));
        }

        public async Task StopAsync()
        {
            await _process.TerminateAsync();
            var ended = await _process.EndAsync();
            Assert.True(ended.ExitCode == 0, ended.Error);
        }

        public void Dispose()
        {
            _http.Dispose();
            _process.Dispose();
        }
    }
}
