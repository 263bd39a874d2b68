using System.Text;
using AlignGuard.Pipeline.Cloud;
using AlignGuard.Pipeline.Sweeps;
using AlignGuard.Pipeline.Tests.Cloud;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Xunit;

namespace AlignGuard.Cloud.Tests;

/// <summary>
/// Records the golden histories of this version into the folder that <c>ALIGNGUARD_RECORD</c> names: for whoever raises <see cref="CloudNames.Version"/>. The tests of the pipeline replay them without the SDK.
/// </summary>
public class RecordHistories
{
    [SkippableFact]
    public async Task Of_a_run() => await RecordAsync("run", async host => await host.StartAsync(host.Job()));

    [SkippableFact]
    public async Task Of_a_run_that_continued_as_new() => await RecordAsync("continued-run", async host => await host.StartAsync(host.Job(), new Limits { CallsPerHistory = 9 }));

    [SkippableFact]
    public async Task Of_a_run_whose_machine_was_taken_away() => await RecordAsync("retried-run", async host => await host.StartAsync(host.Job()), new FakeGpu(faults: 2).DoAsync);

    [SkippableFact]
    public async Task Of_a_sweep() => await RecordAsync("sweep", async host =>
    {
        host.Job();
        const string Text = "name: tiny-sweep\njob: job.yaml\nparallel: 1\ngrid:\n  guard.lambdaA: [0.25, 2.5]\n";
        var sweep = SweepJob.Parse(Encoding.UTF8.GetBytes(Text), "sweep", Path.GetDirectoryName(host.JobFile)!, []);
        await AskedSweep.WriteAsync(host.Store, sweep, Text);
        return await host.Client.ScheduleNewOrchestrationInstanceAsync(CloudNames.Sweep, new SweepRequest(sweep.SweepId, new Limits()), new StartOrchestrationOptions(InstanceId.OfSweep(sweep.SweepId)) { Version = CloudNames.Version });
    });

    private static async Task RecordAsync(string name, Func<CloudHost, Task<string>> start, Func<string, ActivityRequest, Task<ActivityAnswer>>? gpu = null)
    {
        var folder = Environment.GetEnvironmentVariable("ALIGNGUARD_RECORD");
        Skip.If(string.IsNullOrEmpty(folder), "ALIGNGUARD_RECORD names no folder to record histories into.");
        await using var host = await CloudHost.StartAsync(gpu);
        var instance = await start(host);
        await host.EndAsync(instance);
        // The engine writes the last line after it has told of the end.
        await Task.Delay(500);
        File.WriteAllText(Path.Combine(folder!, $"v{CloudNames.Version}-{name}.jsonl"), HistoryItem.Write(Recorder.History(host, instance)));
    }
}
