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
    [InlineData("file-written", 3)]
    [InlineData("file-written", 8)]
    [InlineData("before-commit", 2)]
    [InlineData("before-commit", 5)]
    [InlineData("after-commit", 4)]
    [InlineData("after-commit", 6)]
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
}
