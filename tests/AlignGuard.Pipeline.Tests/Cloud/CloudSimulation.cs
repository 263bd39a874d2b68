using System.Text.Json;
using AlignGuard.Domain.FineTuning;
using AlignGuard.Domain.Spec;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Cloud;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using AlignGuard.Pipeline.Tests.Simulation;
using Fault = AlignGuard.Pipeline.Tests.Simulation.Fault;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Cloud;

/// <summary>What varies between simulated runs in the cloud.</summary>
internal sealed record CloudSetting
{
    public int Steps { get; init; } = 9;
    public int Segment { get; init; } = 3;
    public int Refresh { get; init; } = 4;
    public bool Accepts { get; init; } = true;
    public bool Approval { get; init; }
    public Mishaps Mishaps { get; init; } = Mishaps.None;
    public Limits Limits { get; init; } = new();
    /// <summary>When somebody cancels, seconds from the start; null = never.</summary>
    public double? CancelAt { get; init; }
    /// <summary>False: the marker is left, and its event is lost.</summary>
    public bool CancelEvent { get; init; } = true;
    /// <summary>When somebody approves or declines; null = never.</summary>
    public double? DecideAt { get; init; }
    public bool Approves { get; init; } = true;
    /// <summary>No worker takes anything before this many seconds.</summary>
    public double WorkersFrom { get; init; }
}

/// <summary>A run as the cloud does it: the product's orchestration, desks, log, recovery, commits and publication; a task hub, a store and workers that fail.</summary>
internal sealed class CloudSimulation
{
    private readonly World _world;
    private readonly SimulatedStore _store;
    private readonly CloudSetting _setting;
    private readonly Job _job;
    private Process _worker, _host;

    public CloudSimulation(int seed, CloudSetting setting, IWeather weather)
    {
        (_world, _setting) = (new World(seed), setting);
        _store = new SimulatedStore(_world, weather) { Written = Watch };
        (_worker, _host) = (new Process(_world, TimeSpan.Zero), new Process(_world, TimeSpan.Zero));
        var approval = setting.Approval ? ", approval: required" : "";
        var parsed = JobFile.Parse($$"""
            { name: job, model: "store://account/models/m", data: { train: "store://account/data/t.jsonl", eval: "store://account/data/e.jsonl" },
              train: { steps: {{setting.Steps}}, segment: {{setting.Segment}} }, guard: { refreshEvery: {{setting.Refresh}} }, retries: { attempts: 3, backoff: 2 }, gate: { confidence: 0.95{{approval}} } }
            """, "job", []);
        Assert.Empty(parsed.Problems.Select(p => p.ToString()));
        _job = new Job(parsed.Spec!.Value, "/", []);
        Engine = new DurableEngine(_world, setting.Mishaps, (_, input, host) => RunOrchestration.RunAsync(host, JsonSerializer.Deserialize<RunRequest>(input)!), DoAsync)
        {
            StatusShown = status =>
            {
                if (EndedAt == default && status.Contains("\"Ended\"", StringComparison.Ordinal)) EndedAt = _world.Now;
            },
        };
    }

    public DurableEngine Engine { get; }
    public string? Outcome { get; private set; }
    /// <summary>When a status first said that the run has ended.</summary>
    public TimeSpan EndedAt { get; private set; }
    public bool Published => _store.Peek($"models/{SimulatedActivities.Model}/current.json") is not null;
    public IReadOnlyList<Fault> Happened => _store.Happened;

    /// <summary>Runs to the end; checks the chain, and that the adapter is the one of an undisturbed run.</summary>
    public CloudSimulation Run(bool check = true)
    {
        _world.Run(RunAsync, TimeSpan.FromDays(400));
        if (check) _world.Run(CheckAsync, TimeSpan.FromDays(500));
        return this;
    }

    private RunRecords Records(Process process) => new(_job.RunId, JobFile.Hash(_job.Spec), "baselines/b", "fishers/f", null, new CommitProtocol(_store.For(process)));

    private async Task RunAsync()
    {
        await CalmlyAsync(async store =>
        {
            await AskedRun.WriteAsync(store, _job);
            await store.CreateAsync(PinnedRun.Name(_job.RunId), CommitProtocol.ToJson(new PinnedRun(JsonDocument.Parse(JobFile.Serialise(_job.Spec)).RootElement, JobFile.Hash(_job.Spec), "m", "d", "e", "p", 1) { JobFolder = "/" }));
            await store.CreateAsync($"runs/{_job.RunId}/folders.json", CommitProtocol.ToJson(new { Baseline = "baselines/b", FirstFisher = "fishers/f", Reference = (string?)null }));
        });
        // What was asked for is not forgotten: a store that loses it was never asked.
        await _world.DelayAsync(TimeSpan.FromMinutes(5));
        var instance = InstanceId.OfRun(_job.RunId);
        if (_setting.CancelAt is { } cancel) At(cancel, async () =>
        {
            await CalmlyAsync(store => RunMarkers.SetAsync(store, RunMarkers.Cancel(_job.RunId)));
            if (_setting.CancelEvent) Engine.Raise(instance, CloudNames.CancelEvent);
        });
        if (_setting.DecideAt is { } decide) At(decide, async () =>
        {
            await CalmlyAsync(store => ApprovalMarker.SetAsync(store, _job.RunId, new Runner.Approval(_setting.Approves, "somebody", null, default)));
            Engine.Raise(instance, CloudNames.ApprovalEvent);
        });
        // Out of attempts is not out of hope: whoever asks again begins a new instance of the same run.
        for (var n = 0; ; n++)
        {
            Outcome = await Engine.Start(CloudNames.FineTuning, n == 0 ? instance : $"{instance}.{n}", new RunRequest(_job.RunId, _setting.Limits));
            if (!Outcome.StartsWith("failed", StringComparison.Ordinal) || n == 20 || _setting.Mishaps == Mishaps.None) break;
        }
        if (_setting.Mishaps == Mishaps.None) return;
        // Whatever the store forgot last is made up for. A run that goes on has the files of its newest commits hashed, one that has ended those of all: the second time finds what rotted in older ones.
        _store.Calm = true;
        foreach (var again in new[] { "again", "once-more" }) Outcome = await Engine.Start(CloudNames.FineTuning, $"{instance}.{again}", new RunRequest(_job.RunId, _setting.Limits));
    }

    private async void At(double seconds, Func<Task> work)
    {
        await _world.DelayAsync(TimeSpan.FromSeconds(seconds));
        await work();
    }

    private async Task CalmlyAsync(Func<IArtifactStore, Task> work)
    {
        var before = _store.Calm;
        _store.Calm = true;
        await work(_store.For(new Process(_world, TimeSpan.Zero)));
        _store.Calm = before;
    }

    /// <summary>The light activities are the product's; a worker's are simulated, with everything around them the product's.</summary>
    private async Task<string?> DoAsync(string name, string request)
    {
        if (_host.Dead) _host = new Process(_world, TimeSpan.Zero);
        // A process that was told to stop is followed by another.
        if (_worker.Dead || _worker.Stop.IsCancellationRequested) _worker = new Process(_world, TimeSpan.FromHours(1));
        var (light, worker) = (new LightDesk(_store.For(_host), _host.Clock), _worker);
        switch (name)
        {
            case CloudNames.OpenRun: return Json(await light.OpenAsync(Of<OpenRequest>(request)));
            case CloudNames.RecordEvent: return Json(await light.RecordAsync(Of<RecordRequest>(request)));
            case CloudNames.LookAtRun: return Json(await light.LookAsync(Of<string>(request)));
            case CloudNames.Report: return Json(new ActivityAnswer(AnswerKind.Stopped));
        }
        if (_world.Now.TotalSeconds < _setting.WorkersFrom) await _world.DelayAsync(TimeSpan.FromSeconds(_setting.WorkersFrom) - _world.Now);
        var activities = new SimulatedActivities(worker, Records(worker), _setting.Accepts, exact: true, twice: 0);
        return Json(await Answers.OfAsync(Of<ActivityRequest>(request), _store.For(worker), (command, stop) =>
        {
            Assert.Equal(name, CloudNames.ActivityOf(command.Work));
            return activities.RunAsync(command, stop);
        }, worker.Stop.Token, worker.Clock));
    }

    private static T Of<T>(string json) => JsonSerializer.Deserialize<T>(json)!;

    private static string Json<T>(T value) => JsonSerializer.Serialize(value);

    /// <summary>At all times: nothing is published that no gate has accepted.</summary>
    private void Watch(string name, byte[] content)
    {
        if (name.StartsWith("models/", StringComparison.Ordinal)) Assert.NotNull(_store.Peek($"runs/{_job.RunId}/gate/{CommitProtocol.RecordName}"));
    }

    private async Task CheckAsync()
    {
        _store.Calm = true;
        var process = new Process(_world, TimeSpan.Zero);
        var events = await new RunLog(_store.For(process), $"runs/{_job.RunId}").ReadAsync(repair: false);
        var state = FineTuningDecider.Fold(events);
        Assert.Equal(Outcome, RunOrchestration.Told(state.Outcome!.Value));
        Assert.Empty((await ChainCheck.RunAsync(_store.For(process), _job.RunId)).Problems);
        if (state.Step == _setting.Steps) Assert.Equal(Undisturbed(), await AdapterAsync(process, state));
    }

    private async Task<string> AdapterAsync(Process process, State state)
    {
        var records = Records(process);
        var record = await records.RequireAsync(records.Segment(state.Segments[^1].Index));
        return Convert.ToHexString(await records.Protocol.ReadAsync(record.File("adapter.safetensors")));
    }

    /// <summary>The adapter of the same steps in fine weather. Partial commits change no bit of it.</summary>
    private string Undisturbed()
    {
        var fine = new CloudSimulation(0, new CloudSetting { Steps = _setting.Steps, Segment = _setting.Segment, Refresh = _setting.Refresh }, new ScriptedWeather(new Dictionary<int, Fault>())).Run(check: false);
        var adapter = "";
        fine._world.Run(async () =>
        {
            var process = new Process(fine._world, TimeSpan.Zero);
            adapter = await fine.AdapterAsync(process, FineTuningDecider.Fold(await new RunLog(fine._store.For(process), $"runs/{fine._job.RunId}").ReadAsync(repair: false)));
        }, TimeSpan.FromDays(1));
        return adapter;
    }
}
