using AlignGuard.Pipeline.Cloud;
using AlignGuard.Pipeline.Runner;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Xunit;

namespace AlignGuard.Cloud.Tests;

/// <summary>The orchestration on the SDK's engine with workers that answer at once, or do not.</summary>
public class EngineTests
{
    [Fact]
    public async Task Without_a_worker_the_status_says_NoGpuCapacity_and_a_cancellation_ends_it()
    {
        await using var host = await CloudHost.StartAsync(async (_, _) =>
        {
            await Task.Delay(TimeSpan.FromMinutes(5));
            throw new InvalidOperationException();
        });
        var instance = await host.StartAsync(host.Job(), new Limits { PatienceSeconds = 1, CancelSeconds = 1 });
        await host.StatusAsync(instance, "NoGpuCapacity");
        await host.Client.RaiseEventAsync(instance, CloudNames.CancelEvent, "");
        // The engine keeps the instance for as long as its call is open; its status and its log say that it has ended, and the dispatcher terminates it then.
        await host.StatusAsync(instance, "\"Condition\":\"Ended\"");
        var log = await CloudHost.LogAsync(host.Store, instance["run-".Length..]);
        Assert.Contains("cancelRequested", log[1]);
        await host.Client.TerminateInstanceAsync(instance);
        Assert.StartsWith("Terminated", await host.EndAsync(instance, 60));
    }

    [Fact]
    public async Task A_worker_that_throws_is_tried_again_as_often_as_the_job_says()
    {
        var calls = 0;
        await using var host = await CloudHost.StartAsync((_, _) =>
        {
            calls++;
            throw new InvalidOperationException("out of order");
        });
        Assert.Equal("failed: The worker failed: out of order", await host.EndAsync(await host.StartAsync(host.Job("", 2)), 60));
        Assert.Equal(3, calls);
    }

    [Fact]
    public async Task Starting_a_run_that_is_under_way_starts_nothing()
    {
        var begun = new TaskCompletionSource();
        await using var host = await CloudHost.StartAsync(async (name, request) =>
        {
            await begun.Task;
            return await new FakeGpu().DoAsync(name, request);
        });
        var job = host.Job(steps: 2);
        var instance = await host.StartAsync(job);
        var again = new StartOrchestrationOptions(instance) { Version = CloudNames.Version }.WithDedupeStatuses(OrchestrationRuntimeStatus.Pending, OrchestrationRuntimeStatus.Running, OrchestrationRuntimeStatus.Suspended);
        await Assert.ThrowsAnyAsync<Exception>(() => host.Client.ScheduleNewOrchestrationInstanceAsync(CloudNames.FineTuning, new RunRequest(job.RunId, new Limits()), again));
        begun.SetResult();
        // The evidence is faked, so the gate has none to judge: it fails closed.
        Assert.StartsWith("failed: ", await host.EndAsync(instance, 60));
    }
}
