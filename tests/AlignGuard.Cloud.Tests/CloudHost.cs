using System.Text.Json;
using AlignGuard.Domain.FineTuning;
using AlignGuard.GpuWorker;
using AlignGuard.Models;
using AlignGuard.Orchestrator;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Cloud;
using AlignGuard.Pipeline.Demo;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AlignGuard.Cloud.Tests;

/// <summary>Both workers of the cloud in one process, on the SDK's own engine, over a store in a folder.</summary>
internal sealed class CloudHost : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("alignguard-cloud-");
    private readonly CancellationTokenSource _stop = new();
    private GpuDesk? _desk;

    public FolderStore Store { get; private set; } = null!;
    public DurableTaskTestHost Engine { get; private set; } = null!;
    public DurableTaskClient Client => Engine.Client;
    public string JobFile => Path.Combine(_folder.FullName, "job.yaml");

    /// <param name="gpu">Takes the place of the GPU worker's activities; null = the real ones.</param>
    public static async Task<CloudHost> StartAsync(Func<string, ActivityRequest, Task<ActivityAnswer>>? gpu = null)
    {
        var host = new CloudHost();
        host.Store = new FolderStore(Path.Combine(host._folder.FullName, "store"));
        host._desk = new GpuDesk(host.Store, _ => new SilentObserver(), host._stop.Token);
        host.Engine = await DurableTaskTestHost.StartAsync(registry =>
        {
            OrchestratorTasks.Add(registry);
            if (gpu is null) GpuTasks.Add(registry);
            else foreach (var name in Gpu) registry.AddActivityFunc<ActivityRequest, ActivityAnswer>(name, (_, request) => gpu(name, request));
        }, new DurableTaskTestHostOptions
        {
            LoggerFactory = NullLoggerFactory.Instance,
            ConfigureServices = services =>
            {
                OrchestratorTasks.AddServices(services, host.Store);
                services.AddSingleton(host._desk);
            },
        });
        return host;
    }

    private static readonly string[] Gpu = [CloudNames.Baseline, CloudNames.Fisher, CloudNames.Decompose, CloudNames.Segment, CloudNames.DriftCheck, CloudNames.Publish, CloudNames.Prepare, CloudNames.Report];

    /// <summary>A job of seconds on the bundled model.</summary>
    public Job Job(string changes = "", int steps = 6)
    {
        var (train, eval) = (Path.Combine(_folder.FullName, "train.jsonl"), Path.Combine(_folder.FullName, "eval.jsonl"));
        using (var file = File.Create(train)) HowToTask.WriteJsonl(file, HowToTask.Train().Take(64));
        using (var file = File.Create(eval)) HowToTask.WriteJsonl(file, HowToTask.HeldOut().Take(8));
        File.WriteAllText(JobFile, $$"""
            name: tiny
            model: {{Path.Combine(AppContext.BaseDirectory, "samples", "models", "aligned-demo")}}
            data: { train: {{train}}, eval: {{eval}} }
            lora: { r: 4, alpha: 8 }
            train: { steps: {{steps}}, segment: 2, batch: 2, lr: 1e-3, seqLen: 96, threads: 1 }
            guard: { rank: { min: 4, max: 16 }, refreshEvery: 4 }
            fisher: { samples: 40, minRefusals: 8 }
            driftcheck: { size: 20, final: 40, maxNewTokens: 8 }
            retries: { backoff: 0.1 }
            {{changes}}
            """);
        return JobFileReader.Read(JobFile, []);
    }

    public async Task<string> StartAsync(Job job, Limits? limits = null)
    {
        await AskedRun.WriteAsync(Store, job);
        return await Client.ScheduleNewOrchestrationInstanceAsync(CloudNames.FineTuning, new RunRequest(job.RunId, limits ?? new Limits()), new StartOrchestrationOptions(InstanceId.OfRun(job.RunId)) { Version = CloudNames.Version });
    }

    public async Task<string> EndAsync(string instance, int seconds = 240)
    {
        using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        var ended = await Client.WaitForInstanceCompletionAsync(instance, getInputsAndOutputs: true, enough.Token);
        return ended.RuntimeStatus == OrchestrationRuntimeStatus.Completed ? ended.ReadOutputAs<string>()! : $"{ended.RuntimeStatus}: {ended.FailureDetails?.ErrorMessage}";
    }

    /// <summary>Waits until an instance's status says something.</summary>
    public async Task StatusAsync(string instance, string says, int seconds = 60)
    {
        for (var n = 0; n < seconds * 10; n++)
        {
            if ((await Client.GetInstanceAsync(instance, getInputsAndOutputs: true))?.SerializedCustomStatus?.Contains(says, StringComparison.Ordinal) == true) return;
            await Task.Delay(100);
        }
        throw new TimeoutException($"The status never said {says}.");
    }

    /// <summary>A run's log without times.</summary>
    public static async Task<IReadOnlyList<string>> LogAsync(IArtifactStore store, string runId) => [.. (await new RunLog(store, $"runs/{runId}").ReadAsync(repair: false)).Select(EventCodec.Write)];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Engine.DisposeAsync();
        _desk?.Dispose();
        _folder.Delete(recursive: true);
    }
}
