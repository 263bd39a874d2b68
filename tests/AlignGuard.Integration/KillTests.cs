using Xunit;

namespace AlignGuard.Integration;

/// <summary>A run may be killed at any moment; the same command goes on, and on CPU the final adapter is bit-equal to an undisturbed run's.</summary>
public class KillTests
{
    private static readonly int[] Finished = [0, 3];

    [Fact]
    public async Task A_run_killed_at_random_moments_ends_with_the_adapter_of_an_undisturbed_run()
    {
        using var job = new TinyJob();
        var calm = await AlignGuardProcess.RunAsync(job.Command("calm"));
        Assert.True(Finished.Contains(calm.ExitCode), calm.Error);
        await AlignGuardProcess.KillAtRandomAsync(() => AlignGuardProcess.Start(job.Command("stormy")), 700, 3500);
        Assert.Equal(job.FinalState("calm"), job.FinalState("stormy"));
    }

    [Theory]
    [InlineData("pinned", 1)]
    [InlineData("leased", 1)]
    [InlineData("file-written", 3)]
    [InlineData("before-commit", 2)]
    [InlineData("before-commit", 5)]
    [InlineData("after-commit", 4)]
    [InlineData("event-logged", 1)]
    [InlineData("event-logged", 7)]
    public async Task A_run_killed_at_a_step_of_the_commit_protocol_goes_on(string point, int occurrence)
    {
        using var job = new TinyJob("# as short as can be");
        var short_ = new[] { "--set", "train.steps=8", "--set", "train.segment=4", "--set", "guard.refreshEvery=4", "--set", "driftcheck.every=final" };
        var calm = await AlignGuardProcess.RunAsync([.. job.Command("calm"), .. short_]);
        Assert.True(Finished.Contains(calm.ExitCode), calm.Error);

        using (var killed = AlignGuardProcess.Start([.. job.Command("killed"), .. short_], new Dictionary<string, string> { ["ALIGNGUARD_KILL_AT"] = $"{point}:{occurrence}" }))
            Assert.Equal(137, (await killed.EndAsync()).ExitCode);
        var resumed = await AlignGuardProcess.RunAsync([.. job.Command("killed"), .. short_]);
        Assert.True(Finished.Contains(resumed.ExitCode), resumed.Error);
        Assert.Equal(job.FinalState("calm"), job.FinalState("killed"));
    }

    /// <summary>Of a measurement that is broken off, what was answered is not answered again, and the measurement is the same.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(9)]
    public async Task A_measurement_killed_between_its_batches_goes_on_behind_them(int batches)
    {
        using var job = new TinyJob();
        string[] set = [.. new[] { "train.steps=8", "train.segment=8", "method=lora", "driftcheck.every=final", "driftcheck.batch=6" }.SelectMany(s => new[] { "--set", s })];
        var calm = await AlignGuardProcess.RunAsync([.. job.Command("calm"), .. set]);
        Assert.True(Finished.Contains(calm.ExitCode), calm.Error);

        using (var killed = AlignGuardProcess.Start([.. job.Command("killed"), .. set], new Dictionary<string, string> { ["ALIGNGUARD_KILL_AT"] = $"answers-kept:{batches}" }))
            Assert.Equal(137, (await killed.EndAsync()).ExitCode);
        var journal = Assert.Single(Directory.GetFiles(job.Store("killed"), "*.jsonl", SearchOption.AllDirectories), f => f.Contains($"{Path.DirectorySeparatorChar}answering{Path.DirectorySeparatorChar}", StringComparison.Ordinal));
        // The last batch is torn: it is answered again, and the others are not.
        File.WriteAllBytes(journal, File.ReadAllBytes(journal)[..^3]);
        using (var killed = AlignGuardProcess.Start([.. job.Command("killed"), .. set], new Dictionary<string, string> { ["ALIGNGUARD_KILL_AT"] = "answers-kept:1" }))
            Assert.Equal(137, (await killed.EndAsync()).ExitCode);
        Assert.Equal((batches - 1) % 7 + 1, File.ReadLines(journal).Count(l => l.StartsWith("{\"Bytes\"", StringComparison.Ordinal)));

        var resumed = await AlignGuardProcess.RunAsync([.. job.Command("killed"), .. set]);
        Assert.True(Finished.Contains(resumed.ExitCode), resumed.Error);
        Assert.False(File.Exists(journal));
        Assert.Equal(job.FinalState("calm"), job.FinalState("killed"));
        Assert.Equal(Answers("calm"), Answers("killed"));

        string[] Answers(string store) => [.. Directory.GetFiles(job.Store(store), "answers.jsonl", SearchOption.AllDirectories).Select(File.ReadAllText).Order(StringComparer.Ordinal)];
    }

    /// <summary>Falling back is cut short where it matters, and taken up again.</summary>
    [Theory]
    [InlineData("log-cut")]
    [InlineData("put-aside")]
    public async Task A_run_killed_while_it_falls_back_goes_on(string point)
    {
        using var job = new TinyJob();
        var calm = await AlignGuardProcess.RunAsync(job.Command("store"));
        Assert.True(Finished.Contains(calm.ExitCode), calm.Error);
        var state = job.FinalState("store");
        var segments = Directory.GetDirectories(Directory.GetDirectories(Path.Combine(job.Store("store"), "runs")).Single(), "segments").Single();
        var file = Directory.GetFiles(Path.Combine(segments, "1"), "steps.jsonl", SearchOption.AllDirectories).Single();
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..^7]);
        using (var killed = AlignGuardProcess.Start(job.Command("store"), new Dictionary<string, string> { ["ALIGNGUARD_KILL_AT"] = $"{point}:1" }))
            Assert.Equal(137, (await killed.EndAsync()).ExitCode);
        var resumed = await AlignGuardProcess.RunAsync(job.Command("store"));
        Assert.True(Finished.Contains(resumed.ExitCode), resumed.Error);
        Assert.Equal(state, job.FinalState("store"));
    }

    /// <summary>Between the files and the name that points to them, and between that and the record.</summary>
    [Theory]
    [InlineData("published")]
    [InlineData("made-current")]
    public async Task A_run_killed_while_it_publishes_publishes(string point)
    {
        using var job = new TinyJob();
        string[] command = [.. job.Command("store"), .. TinyJob.Accepted];
        using (var killed = AlignGuardProcess.Start(command, new Dictionary<string, string> { ["ALIGNGUARD_KILL_AT"] = $"{point}:1" }))
            Assert.Equal(137, (await killed.EndAsync()).ExitCode);
        Assert.Equal(point == "made-current", File.Exists(Path.Combine(job.Store("store"), "models", "tiny", "current.json")));
        var resumed = await AlignGuardProcess.RunAsync(command);
        Assert.True(resumed.ExitCode == 0, resumed.Error);
        Assert.Single(Directory.GetFiles(Path.Combine(job.Store("store"), "models"), "adapter_model.safetensors", SearchOption.AllDirectories));

        // A second run takes its place; the first, published again because a file of it was lost, stays in its place.
        var second = await AlignGuardProcess.RunAsync([.. command, "--set", "train.seed=1"]);
        Assert.True(second.ExitCode == 0, second.Error);
        var current = File.ReadAllText(Path.Combine(job.Store("store"), "models", "tiny", "current.json"));
        foreach (var card in Directory.GetFiles(Path.Combine(job.Store("store"), "models"), "README.md", SearchOption.AllDirectories)) File.Delete(card);
        var again = await AlignGuardProcess.RunAsync(command);
        Assert.True(again.ExitCode == 0, again.Error);
        Assert.Contains("README.md is missing", again.Error);
        Assert.Equal(current, File.ReadAllText(Path.Combine(job.Store("store"), "models", "tiny", "current.json")));
    }
}
