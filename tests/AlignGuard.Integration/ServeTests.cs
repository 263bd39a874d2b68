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

    /// <summary>Everything that the executors of the command line do, in processes: runs side by side, one that is cancelled, one that is killed, a sweep on schedule.</summary>
    [Fact]
    public async Task Runs_side_by_side_are_cancelled_survive_their_process_and_a_sweep_comes_on_schedule()
    {
        File.WriteAllText(Path.Combine(_job.Folder, "sweep.yaml"), "name: timed\njob: job.yaml\nparallel: 2\nhopeless: off\ngrid: { train.seed: [0, 1] }\n");
        var schedules = Path.Combine(_job.Folder, "schedules.yaml");
        File.WriteAllText(schedules, "schedules: [ { name: every-minute, cron: '* * * * *', sweep: sweep.yaml } ]\n");
        var store = _job.Store("store");
        var port = FreePort();
        using var served = new Served(AlignGuardProcess.Start(["serve", "--store", store, "--port", $"{port}", "--scan", "1", "--concurrency", "2"]), port);
        await served.ReadyAsync();
        var (first, second) = (await served.StartAsync(Job("first")), await served.StartAsync(Job("second")));
        await served.UntilAsync(run => run.GetProperty("runId").GetString() == first && Step(run) is >= 10 and < 2000);
        await served.UntilAsync(run => run.GetProperty("runId").GetString() == second && Step(run) is >= 10 and < 2000);
        var workers = Workers(store);
        Assert.Equal(2, workers.Count);
        // A native fault, as it were: the process is gone, the run is not.
        Kill(workers.Single(w => w.Run == second).Process);
        await served.CancelAsync(first);
        await served.UntilAsync(run => run.GetProperty("runId").GetString() == first && run.GetProperty("progress").GetProperty("stage").GetString() == "cancelled");
        await served.UntilAsync(run => run.GetProperty("runId").GetString() == second && Workers(store).Any(w => w.Run == second && workers.All(old => old.Process != w.Process)));
        await served.CancelAsync(second);

        using var scheduled = AlignGuardProcess.Start(["serve", "--store", _job.Store("timed"), "--schedules", schedules, "--port", $"{FreePort()}", "--scan", "1"]);
        await scheduled.UntilAsync(() => Directory.Exists(Path.Combine(_job.Store("timed"), "sweeps")) && Directory.GetFiles(Path.Combine(_job.Store("timed"), "sweeps"), "result.json", SearchOption.AllDirectories).Length > 0);
        var result = JsonDocument.Parse(File.ReadAllText(Directory.GetFiles(Path.Combine(_job.Store("timed"), "sweeps"), "result.json", SearchOption.AllDirectories)[0]));
        Assert.All(result.RootElement.GetProperty("cells").EnumerateArray(), cell => Assert.Contains(cell.GetProperty("outcome").GetString(), new[] { "accepted", "rejected" }));
        await served.StopAsync();
        Assert.Empty(Workers(store));

        static int Step(JsonElement run) => run.GetProperty("progress") is { ValueKind: JsonValueKind.Object } progress ? progress.GetProperty("step").GetInt32() : 0;
    }

    /// <summary>A job from outside: it names nothing of this machine.</summary>
    private static string Job(string name) => $$"""
        { "name": "{{name}}", "model": "aligned-demo", "data": { "train": "builtin:how-to", "eval": "builtin:how-to" }, "lora": { "r": 4, "alpha": 8, "dropout": 0.1 },
          "train": { "steps": 4000, "segment": 10, "batch": 4, "lr": 1e-3, "seqLen": 96, "threads": 1 }, "guard": { "rank": { "min": 4, "max": 16 }, "refreshEvery": 0 },
          "fisher": { "samples": 40, "minRefusals": 8 }, "driftcheck": { "size": 20, "final": 40, "maxNewTokens": 16, "every": "final" } }
        """;

    /// <summary>The processes that work on runs of a store.</summary>
    private static List<(string Run, int Process)> Workers(string store)
    {
        var workers = new List<(string, int)>();
        foreach (var folder in Directory.GetDirectories("/proc").Where(f => int.TryParse(Path.GetFileName(f), out _)))
        {
            try
            {
                var words = File.ReadAllText(Path.Combine(folder, "cmdline")).Split('\0').ToList();
                if (words.IndexOf("work") is var at and > 0 && words.Contains(store)) workers.Add((words[at + 1], int.Parse(Path.GetFileName(folder))));
            }
            catch (IOException)
            {
                // It has ended.
            }
        }
        return workers;
    }

    private static void Kill(int process)
    {
        using var victim = System.Diagnostics.Process.GetProcessById(process);
        victim.Kill();
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

        /// <returns>The run's id.</returns>
        public async Task<string> StartAsync(string job)
        {
            using var answer = await _http.PostAsync("/runs", new StringContent(job, System.Text.Encoding.UTF8, "application/json"));
            var text = await answer.Content.ReadAsStringAsync();
            Assert.True(answer.IsSuccessStatusCode, text);
            return JsonDocument.Parse(text).RootElement.GetProperty("runId").GetString()!;
        }

        public async Task CancelAsync(string run)
        {
            using var answer = await _http.PostAsync($"/runs/{run}/cancel", null);
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        }

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
