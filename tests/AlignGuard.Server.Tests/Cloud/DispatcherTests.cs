using AlignGuard.Pipeline.Cloud;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Server.Runs;
using AlignGuard.Server.Tests.Support;
using Xunit;

namespace AlignGuard.Server.Tests.Cloud;

public sealed class DispatcherTests : IDisposable
{
    private readonly CloudFixture _cloud = new();

    public void Dispose() => _cloud.Dispose();

    private async Task<string> AcceptedAsync(string name = "job") => (await _cloud.Handlers.StartAsync(new StartRequest(CloudFixture.Yaml(name)))).RunId;

    [Fact]
    public async Task What_was_accepted_gets_one_orchestration_however_often_it_is_dispatched()
    {
        var run = await AcceptedAsync();
        for (var n = 0; n < 3; n++) Assert.Equal(0, await _cloud.Dispatcher.DispatchAllAsync());
        var (instance, request) = Assert.Single(_cloud.Hub.Started);
        Assert.Equal(InstanceId.OfRun(run), instance);
        Assert.Equal(run, Assert.IsType<RunRequest>(request).RunId);
        // The orchestrator finds the job in the store.
        Assert.Equal(run, (await StoredJob.ReadAsync(_cloud.Folder.Store, run)).RunId);
    }

    [Fact]
    public async Task A_hub_that_is_away_loses_nothing()
    {
        await AcceptedAsync();
        _cloud.Hub.Away = true;
        Assert.Equal(1, await _cloud.Dispatcher.DispatchAllAsync());
        _cloud.Hub.Away = false;
        Assert.Equal(0, await _cloud.Dispatcher.DispatchAllAsync());
        Assert.Single(_cloud.Hub.Started);
    }

    [Fact]
    public async Task A_failure_before_there_was_a_run_is_told_and_asking_again_starts_again()
    {
        var run = await AcceptedAsync();
        await _cloud.Dispatcher.DispatchAllAsync();
        _cloud.Hub.End(InstanceId.OfRun(run), "failed: train.jsonl:1 is no row.");
        await _cloud.Dispatcher.DispatchAllAsync();
        var view = await _cloud.Handlers.StatusAsync(run);
        Assert.Equal(RunPhase.Failed, view.Phase);
        Assert.Contains("train.jsonl:1", Assert.Single(view.Problems));

        _cloud.Time.Advance(TimeSpan.FromMinutes(1));
        await AcceptedAsync();
        await _cloud.Dispatcher.DispatchAllAsync();
        Assert.Equal(2, _cloud.Hub.Started.Count);
    }

    [Fact]
    public async Task An_orchestration_that_broke_is_started_again()
    {
        var run = await AcceptedAsync();
        await _cloud.Dispatcher.DispatchAllAsync();
        _cloud.Hub.Instances[InstanceId.OfRun(run)] = _cloud.Hub.Instances[InstanceId.OfRun(run)] with { Alive = false };
        await _cloud.Dispatcher.DispatchAllAsync();
        Assert.Equal(2, _cloud.Hub.Started.Count);
    }

    [Fact]
    public async Task A_cancellation_is_told_until_it_is_heard()
    {
        var run = await AcceptedAsync();
        await _cloud.Dispatcher.DispatchAllAsync();
        await _cloud.Handlers.CancelAsync(run);
        await _cloud.Dispatcher.DispatchAllAsync();
        await _cloud.Dispatcher.DispatchAllAsync();
        Assert.Equal([(InstanceId.OfRun(run), CloudNames.CancelEvent), (InstanceId.OfRun(run), CloudNames.CancelEvent)], _cloud.Hub.Raised);
    }

    [Fact]
    public async Task A_decision_is_told()
    {
        var run = await AcceptedAsync();
        await _cloud.Dispatcher.DispatchAllAsync();
        await ApprovalMarker.SetAsync(_cloud.Folder.Store, run, new Approval(true, "somebody", null, DateTimeOffset.UtcNow));
        await _cloud.Dispatcher.DispatchAllAsync();
        Assert.Equal((InstanceId.OfRun(run), CloudNames.ApprovalEvent), Assert.Single(_cloud.Hub.Raised));
    }

    [Fact]
    public async Task An_instance_that_has_ended_but_waits_for_a_worker_that_never_comes_is_ended()
    {
        var run = await AcceptedAsync();
        await _cloud.Dispatcher.DispatchAllAsync();
        var instance = InstanceId.OfRun(run);
        _cloud.Hub.Instances[instance] = _cloud.Hub.Instances[instance] with { Status = System.Text.Json.JsonSerializer.Serialize(new RunProgressStatus("cancelled", 1, 0, 0, "Ended", "cancelled")) };
        await _cloud.Dispatcher.DispatchAllAsync();
        Assert.Equal(instance, Assert.Single(_cloud.Hub.Terminated));
        Assert.Equal(RunPhase.Failed, (await _cloud.Handlers.StatusAsync(run)).Phase);
        Assert.Empty((await _cloud.Queue.IdsAsync()).Queued);
    }

    [Fact]
    public async Task A_sweep_that_has_ended_but_whose_cells_wait_for_a_worker_is_ended_with_them()
    {
        using var jobs = new ServerFolder();
        File.WriteAllText(Path.Combine(jobs.Root, "job.yaml"), CloudFixture.Yaml());
        await _cloud.Queue.AddAsync(new QueueEntry(QueueEntry.CurrentVersion, "lambdas-1", WorkKind.Sweep, "name: lambdas\njob: job.yaml\ngrid: { guard.lambdaA: [0.25, 2.5] }\n", jobs.Root, "test", _cloud.Time.GetUtcNow()), again: false);
        await _cloud.Dispatcher.DispatchAllAsync();
        var instance = Assert.Single(_cloud.Hub.Started).Instance;
        _cloud.Hub.Instances[instance] = _cloud.Hub.Instances[instance] with { Status = System.Text.Json.JsonSerializer.Serialize(new SweepProgressStatus(2, 2, true)) };
        await _cloud.Dispatcher.DispatchAllAsync();
        Assert.Empty(_cloud.Hub.Terminated);
        _cloud.Hub.Instances[instance] = _cloud.Hub.Instances[instance] with { Status = System.Text.Json.JsonSerializer.Serialize(new SweepProgressStatus(2, 2, true, "done")) };
        await _cloud.Dispatcher.DispatchAllAsync();
        Assert.Equal(instance, Assert.Single(_cloud.Hub.Terminated));
        Assert.Empty((await _cloud.Queue.IdsAsync()).Queued);
    }
}
