using System.Text.Json;
using AlignGuard.Domain.FineTuning;
using AlignGuard.Domain.Spec;
using AlignGuard.Pipeline.Cloud;
using AlignGuard.Pipeline.Tests.Simulation;
using Fault = AlignGuard.Pipeline.Tests.Simulation.Fault;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Cloud;

/// <summary>Runs over a task hub in virtual time: histories replayed from their beginning at every turn, answers lost, doubled and late, orchestrators and workers that die, a store that fails.</summary>
public class CloudSimulationTests
{
    private const int Seeds = 500;
    private static readonly IWeather Fine = new ScriptedWeather(new Dictionary<int, Fault>());

    [Fact]
    public void Hundreds_of_runs_under_every_fault_end_as_undisturbed_ones()
    {
        if (int.TryParse(Environment.GetEnvironmentVariable(SimulationTests.SeedVariable), out var only)) Check(only);
        else Parallel.For(0, Seeds, seed =>
        {
            try
            {
                Check(seed);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"Seed {seed}: {e.Message} Run it alone with {SimulationTests.SeedVariable}={seed}.", e);
            }
        });
    }

    private static void Check(int seed)
    {
        var random = new Random(seed);
        var setting = new CloudSetting
        {
            Steps = random.Next(1, 15),
            Segment = random.Next(1, 6),
            Refresh = random.Next(0, 6),
            Accepts = random.Next(4) > 0,
            Mishaps = new Mishaps(random.NextDouble() * 0.2, random.NextDouble() * 0.3, random.NextDouble() * 20, random.NextDouble() * 0.3),
            Limits = new Limits { CallsPerHistory = random.Next(3, 40) },
            CancelAt = random.Next(6) == 0 ? random.NextDouble() * 200 : null,
            CancelEvent = random.Next(2) == 0,
        };
        var run = new CloudSimulation(seed, setting, new SeededWeather(random)).Run();
        if (setting.CancelAt is null || run.Outcome != "cancelled") Assert.Equal(setting.Accepts ? "accepted" : "rejected", run.Outcome);
        // A run that was published and then cancelled, because the store forgot its end, stays published.
        if (run.Outcome != "cancelled") Assert.Equal(run.Outcome == "accepted", run.Published);
    }

    [Fact]
    public void A_long_run_continues_as_new_and_neither_histories_nor_messages_grow_with_it()
    {
        var run = new CloudSimulation(1, new CloudSetting { Steps = 150, Segment = 1, Refresh = 0 }, Fine).Run();
        Assert.Equal("accepted", run.Outcome);
        Assert.InRange(run.Engine.LargestMessage, 100, 4_096);
        Assert.InRange(run.Engine.Histories.Count, 10, 200);
        Assert.InRange(run.Engine.Histories.Max(h => h.Count), 20, 600);
    }

    [Fact]
    public void Without_a_worker_the_status_says_NoGpuCapacity_and_the_run_goes_on_once_there_is_one()
    {
        var run = new CloudSimulation(1, new CloudSetting { WorkersFrom = 4_000 }, Fine).Run();
        Assert.Equal("accepted", run.Outcome);
        Assert.Contains(run.Engine.Statuses, s => s.Contains("NoGpuCapacity", StringComparison.Ordinal) && s.Contains("No worker has answered Baseline for 15 min", StringComparison.Ordinal));
    }

    [Fact]
    public void A_command_that_no_worker_answers_until_the_deadline_fails_with_a_sentence()
    {
        var run = new CloudSimulation(1, new CloudSetting { WorkersFrom = 1e7, Limits = new Limits { PatienceSeconds = 60, DeadlineSeconds = 600 } }, Fine).Run();
        Assert.StartsWith("failed: NoGpuCapacity: no worker answered baseline", run.Outcome);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_cancelled_run_without_a_worker_ends_soon(bool told)
    {
        var run = new CloudSimulation(1, new CloudSetting { WorkersFrom = 50_000, CancelAt = 60, CancelEvent = told }, Fine).Run();
        Assert.Equal("cancelled", run.Outcome);
        // Told by its event, its status and its log say so long before a worker comes; the engine keeps the instance for as long as its call is open.
        Assert.InRange(run.EndedAt.TotalSeconds, 0, told ? 2_000 : 60_000);
    }

    [Theory]
    [InlineData(true, "accepted")]
    [InlineData(false, "rejected")]
    public void An_accepted_run_waits_for_a_person_for_as_long_as_it_takes(bool approves, string outcome)
    {
        var run = new CloudSimulation(1, new CloudSetting { Approval = true, DecideAt = 100 * 86_400, Approves = approves }, Fine).Run();
        Assert.Equal(outcome, run.Outcome);
        Assert.Equal(approves, run.Published);
        Assert.Contains(run.Engine.Statuses, s => s.Contains("WaitsForApproval", StringComparison.Ordinal));
    }

    [Fact]
    public void A_run_that_waits_for_a_person_can_be_cancelled()
    {
        var run = new CloudSimulation(1, new CloudSetting { Approval = true, CancelAt = 5_000 }, Fine).Run();
        Assert.Equal("cancelled", run.Outcome);
        Assert.False(run.Published);
    }

    [Fact]
    public void A_run_that_was_cancelled_before_it_began_does_no_work()
    {
        var run = new CloudSimulation(1, new CloudSetting { CancelAt = 0, CancelEvent = false }, Fine).Run();
        Assert.Equal("cancelled", run.Outcome);
    }

    /// <summary>Regression: the command that was broken off by the marker waited for a cancellation that the loop, on its way to read the log again, never told it of.</summary>
    [Fact]
    public void A_cancellation_that_meets_a_log_that_moved_is_taken_up_again()
    {
        var (world, opened, moved) = (new World(1), 0, false);
        var started = RunSnapshot.Of(FineTuningDecider.Fold([Event.NewStarted(Plan.Of(Parsed()))]));
        var engine = new DurableEngine(world, Mishaps.None, (_, input, host) => RunOrchestration.RunAsync(host, JsonSerializer.Deserialize<RunRequest>(input)!), (name, request) => Task.FromResult<string?>(name switch
        {
            CloudNames.OpenRun => JsonSerializer.Serialize(++opened == 1 ? new OpenAnswer(started, 100, false, []) : new OpenAnswer(null, 100, true, [], Ended: "cancelled")),
            CloudNames.LookAtRun => JsonSerializer.Serialize(new LookAnswer(CancelRequested: true, Paused: false)),
            CloudNames.RecordEvent => JsonSerializer.Serialize(new RecordAnswer(50, Moved: moved = true)),
            _ => JsonSerializer.Serialize(new ActivityAnswer(AnswerKind.Stopped)),
        }));
        var outcome = "";
        world.Run(async () => outcome = await engine.Start(CloudNames.FineTuning, "run", new RunRequest("run", new Limits())), TimeSpan.FromDays(10));
        Assert.Equal(("cancelled", 2, true), (outcome, opened, moved));

        static JobSpec Parsed() => JobFile.Parse("""{ name: job, model: m, data: { train: t.jsonl, eval: e.jsonl }, train: { steps: 2, segment: 1 } }""", "job", []).Spec!.Value;
    }
}
