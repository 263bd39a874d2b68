using System.Text;
using AlignGuard.Domain.FineTuning;
using AlignGuard.Models;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Cloud;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using AlignGuard.Pipeline.Sweeps;
using Xunit;

namespace AlignGuard.Cloud.Tests;

/// <summary>Real runs: the hosts' tasks, the pipeline's activities, the bundled model, the SDK's engine.</summary>
public class RunTests
{
    [Fact]
    public async Task A_run_ends_as_the_embedded_runner_ends_it_to_the_bit()
    {
        await using var host = await CloudHost.StartAsync();
        var job = host.Job();
        // Several histories, to be sure that nothing is lost between them.
        var outcome = await host.EndAsync(await host.StartAsync(job, new Limits { CallsPerHistory = 8 }));

        var local = new FolderStore(Path.Combine(Path.GetDirectoryName(host.JobFile)!, "local"));
        using var models = new ModelHost();
        var driven = await new LocalRunner(await JobRun.OpenAsync(job, local, models, new SilentObserver(), StopSignal.Never)).RunAsync();
        Assert.Equal(RunOrchestration.Told(driven.State.Outcome!.Value), outcome);
        // References hold hashes: equal logs are equal adapters.
        Assert.Equal(string.Join('\n', await CloudHost.LogAsync(local, job.RunId)), string.Join('\n', await CloudHost.LogAsync(host.Store, job.RunId)));
        Assert.NotNull(await host.Store.ReadAsync($"runs/{job.RunId}/report.html"));
    }

    [Fact]
    public async Task A_cancelled_run_keeps_its_commits()
    {
        await using var host = await CloudHost.StartAsync();
        var job = host.Job(steps: 400);
        var instance = await host.StartAsync(job);
        await host.StatusAsync(instance, "segment/1", 120);
        await RunMarkers.SetAsync(host.Store, RunMarkers.Cancel(job.RunId));
        await host.Client.RaiseEventAsync(instance, CloudNames.CancelEvent, "");
        Assert.Equal("cancelled", await host.EndAsync(instance));
        Assert.Empty((await ChainCheck.RunAsync(host.Store, job.RunId)).Problems);
    }

    [Fact]
    public async Task A_job_whose_data_are_bad_fails_with_its_problems()
    {
        await using var host = await CloudHost.StartAsync();
        var job = host.Job();
        File.WriteAllText(Path.Combine(Path.GetDirectoryName(host.JobFile)!, "train.jsonl"), "{ nonsense\n");
        var outcome = await host.EndAsync(await host.StartAsync(job));
        Assert.StartsWith("failed:", outcome);
        Assert.Contains("train.jsonl:1", outcome);
    }

    [Fact]
    public async Task A_sweep_runs_its_cells_as_children()
    {
        await using var host = await CloudHost.StartAsync();
        host.Job();
        var text = "name: tiny-sweep\njob: job.yaml\nparallel: 2\ngrid:\n  guard.lambdaA: [0.25, 2.5]\n";
        var sweep = SweepJob.Parse(Encoding.UTF8.GetBytes(text), "sweep", Path.GetDirectoryName(host.JobFile)!, []);
        await AskedSweep.WriteAsync(host.Store, sweep, text);
        var instance = await host.Client.ScheduleNewOrchestrationInstanceAsync(CloudNames.Sweep, new SweepRequest(sweep.SweepId, new Limits()),
            new Microsoft.DurableTask.StartOrchestrationOptions(InstanceId.OfSweep(sweep.SweepId)) { Version = CloudNames.Version });
        Assert.Equal("done", await host.EndAsync(instance));
        var result = Encoding.UTF8.GetString((await host.Store.ReadAsync($"sweeps/{sweep.SweepId}/result.json"))!.Content);
        foreach (var job in sweep.Jobs) Assert.Contains(job.RunId, result);
        Assert.DoesNotContain("failed", result);
    }
}
