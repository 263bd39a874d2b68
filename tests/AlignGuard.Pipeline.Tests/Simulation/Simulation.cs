using AlignGuard.Domain.FineTuning;
using AlignGuard.Domain.Spec;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Simulation;

/// <summary>What varies between simulated runs besides the weather.</summary>
internal sealed record Setting
{
    public required Plan Plan { get; init; }
    public bool Accepts { get; init; } = true;
    public bool Exact { get; init; } = true;
    public int Workers { get; init; } = 1;
    public bool Leases { get; init; } = true;
    public double Twice { get; init; }
    /// <summary>When somebody cancels, seconds from the start; null = never.</summary>
    public double? CancelAt { get; init; }

    public static Setting Of(Random random) => new()
    {
        Plan = new Plan(random.Next(1, 15), random.Next(1, 6), random.Next(0, 6), random.Next(4) > 0, random.Next(3) == 0 ? DriftSchedule.Final : DriftSchedule.Segment, false, random.Next(1, 4), 2, random.Next(), random.Next(4) == 0 ? random.Next(1, 3) : 0, 0),
        Accepts = random.Next(4) > 0,
        Exact = random.Next(4) > 0,
        Workers = random.Next(1, 4),
        Leases = random.Next(3) > 0,
        Twice = random.Next(3) == 0 ? 0.2 : 0,
        CancelAt = random.Next(6) == 0 ? random.NextDouble() * 120 : null,
    };
}

/// <summary>A run under whatever weather: the product's runner, log, recovery, lease, commit protocol and publication in processes that die, over a store that fails.</summary>
internal sealed class Simulation
{
    private const string RunId = "run";
    private static readonly TimeSpan Most = TimeSpan.FromDays(30);

    private readonly World _world;
    private readonly SimulatedStore _store;
    private readonly Setting _setting;
    private bool _verdict;

    private Simulation(int seed, Setting setting, IWeather weather)
    {
        (_world, _setting) = (new World(seed), setting);
        _store = new SimulatedStore(_world, weather) { Leases = setting.Leases, Written = Watch };
    }

    /// <summary>Runs to the end and checks everything that must hold.</summary>
    /// <returns>What befell it.</returns>
    public static IReadOnlyList<Fault> Check(int seed, Setting setting, IWeather weather)
    {
        var simulation = new Simulation(seed, setting, weather);
        simulation._world.Run(simulation.RunAsync, Most);
        return simulation._store.Happened;
    }

    private async Task RunAsync()
    {
        var workers = Enumerable.Range(0, _setting.Workers).Select(_ => OperateAsync()).ToList();
        if (_setting.CancelAt is { } seconds)
        {
            await _world.DelayAsync(TimeSpan.FromSeconds(seconds));
            await PersistAsync(() => RunMarkers.SetAsync(_store.For(Calm()), RunMarkers.Cancel(RunId)));
        }
        await Task.WhenAll(workers);
        // Whatever the store forgot last is made up for.
        _store.Calm = true;
        var state = await OperateAsync();
        await CheckAsync(state);
    }

    /// <summary>Somebody, or something, that starts the run again until it has ended.</summary>
    private async Task<State> OperateAsync()
    {
        while (true)
        {
            var process = new Process(_world, TimeSpan.FromHours(_world.Random.Next(-48, 48)));
            var run = StartAsync(process);
            await Task.WhenAny(run, process.Died);
            // Out of attempts is not out of hope: whoever operates it gives the same command again.
            if (run.IsCompletedSuccessfully && !run.Result.Stopped && run.Result.State.Outcome?.Value is not Outcome.Failed { Fault.Kind.IsTransient: true }) return run.Result.State;
            if (run.Exception?.InnerException is { } e and not (StoreException or DamagedArtifactException or LogMovedException)) throw new InvalidOperationException("The runner failed.", e);
            await _world.DelayUpToAsync(30);
        }
    }

    private Task<Driven<State>> StartAsync(Process process)
    {
        var records = Records(process);
        var observer = Environment.GetEnvironmentVariable(SimulationTests.SeedVariable) is null ? (IRunObserver)new SilentObserver() : new Narrator(_world);
        var activities = new SimulatedActivities(process, records, _setting.Accepts, _setting.Exact, _setting.Twice);
        return new LocalRunner(records, _setting.Plan, activities.RunAsync, observer, process.Stop.Token, process.Clock).RunAsync();
    }

    /// <summary>Tells what happens, for whoever looks at one seed.</summary>
    private sealed class Narrator(World world) : IRunObserver
    {
        public void Begins(Command command) => Console.WriteLine($"{world.Now} {command.Id} {command.Attempt} {command.Work}".ReplaceLineEndings(" "));
        public void Stepped(Training.StepReport report, int steps) { }
        public void Measured(string what, int done, int total) { }
        public void Ends(Command command, CommandResult? result, string note) => Console.WriteLine($"{world.Now} {command.Id} ended: {result}{note}".ReplaceLineEndings(" "));
        public void Says(string message) => Console.WriteLine($"{world.Now} {message}");
    }

    private RunRecords Records(Process process) => new(RunId, "0123456789abcdef", "baselines/b", "fishers/f", null, new CommitProtocol(_store.For(process)));

    private Process Calm() => new(_world, TimeSpan.Zero);

    private async Task PersistAsync(Func<Task> work)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                // A process that dies takes its request with it.
                if (await Task.WhenAny(work(), _world.DelayAsync(TimeSpan.FromMinutes(5))) is { IsFaulted: true } failed) await failed;
                return;
            }
            catch (StoreException) when (tries < 1000)
            {
                await _world.DelayUpToAsync(5);
            }
        }
    }

    /// <summary>At all times: nothing is published that no gate has accepted.</summary>
    private void Watch(string name, byte[] content)
    {
        if (name == $"runs/{RunId}/gate/{CommitProtocol.RecordName}" && CommitProtocol.FromJson<Commit>(content).Result.GetProperty("accepted").GetBoolean()) _verdict = true;
        if (name.StartsWith("models/", StringComparison.Ordinal)) Assert.True(_verdict, $"{name} was written before a verdict");
    }

    private async Task CheckAsync(State state)
    {
        var outcome = state.Outcome!.Value;
        if (_setting.CancelAt is null || !outcome.IsCancelled) Assert.Equal(_setting.Accepts ? Outcome.Accepted : Outcome.Rejected, outcome);
        if (!_setting.Accepts) Assert.Null(_store.Peek($"models/{SimulatedActivities.Model}/current.json"));
        if (outcome.IsCancelled)
        {
            // What was committed before is one chain too.
            Assert.Equal([], await ChainAsync());
            return;
        }

        // One committed chain that covers every step once.
        Assert.Equal(0, state.Segments[0].FromStep);
        Assert.Equal(_setting.Plan.Steps, state.Step);
        foreach (var (before, after) in state.Segments.Zip(state.Segments.Skip(1))) Assert.Equal((before.ReachedStep, before.Index + 1), (after.FromStep, after.Index));
        var chain = await ChainAsync();
        Assert.Equal([], chain);

        var records = Records(Calm());
        var last = await records.RequireAsync(records.Segment(state.Segments[^1].Index));
        var adapter = await records.Protocol.ReadAsync(last.File("adapter.safetensors"));
        if (_setting.Exact) Assert.Equal(Undisturbed(_setting), Convert.ToHexString(adapter));
        if (!_setting.Accepts) return;
        var current = CommitProtocol.FromJson<Publication.Current>(_store.Peek($"models/{SimulatedActivities.Model}/current.json")!);
        Assert.Equal(last.Hash, current.Segment);
        Assert.Equal(adapter, _store.Peek($"{current.Adapter}/adapter"));
    }

    /// <summary>What is wrong with the records that the log counts on; those of attempts that were overtaken are nobody's.</summary>
    private async Task<IReadOnlyList<string>> ChainAsync() => (await ChainCheck.RunAsync(_store.For(Calm()), RunId)).Problems;

    /// <summary>The adapter of the same run in fine weather.</summary>
    private static string Undisturbed(Setting setting)
    {
        var simulation = new Simulation(0, setting with { Workers = 1, Leases = true, Twice = 0, CancelAt = null }, new ScriptedWeather(new Dictionary<int, Fault>()));
        var adapter = "";
        simulation._world.Run(async () =>
        {
            var state = await simulation.OperateAsync();
            var records = simulation.Records(simulation.Calm());
            adapter = Convert.ToHexString(await records.Protocol.ReadAsync((await records.RequireAsync(records.Segment(state.Segments[^1].Index))).File("adapter.safetensors")));
        }, Most);
        return adapter;
    }
}
