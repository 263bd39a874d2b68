using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using AlignGuard.Tests;
using Xunit;

namespace AlignGuard.Integration;

/// <summary>A run that others have a say in: a second runner, somebody who pauses it, a person who approves.</summary>
public class SharedRunTests
{
    private static readonly int[] Finished = [0, 3];

    [Fact]
    public async Task Two_runners_on_one_run_take_turns_and_give_one_result()
    {
        using var job = new TinyJob();
        var calm = await AlignGuardProcess.RunAsync(job.Command("calm"));
        using var first = AlignGuardProcess.Start(job.Command("shared"));
        using var second = AlignGuardProcess.Start(job.Command("shared"));
        var ended = await Task.WhenAll(first.EndAsync(), second.EndAsync());
        Assert.All(ended, e => Assert.True(e.ExitCode == calm.ExitCode, e.Error));
        Assert.Single(ended, e => e.Error.Contains("is being worked on by"));
        Assert.Equal(job.FinalState("calm"), job.FinalState("shared"));
        var run = Run(job, "shared");
        Assert.Contains("intact", (await AlignGuardProcess.RunAsync("store", "verify", run, "--store", job.Store("shared"))).Output);
    }

    [Fact]
    public async Task A_runner_that_waits_takes_over_from_one_that_is_killed()
    {
        using var job = new TinyJob();
        var calm = await AlignGuardProcess.RunAsync(job.Command("calm"));
        using var first = AlignGuardProcess.Start(job.Command("shared"), new Dictionary<string, string> { ["ALIGNGUARD_KILL_AT"] = "after-commit:4" });
        await first.UntilAsync(() => File.Exists(Path.Combine(job.Store("shared"), "runs", Run(job, "shared"), "lock")));
        using var second = AlignGuardProcess.Start(job.Command("shared"));
        Assert.Equal(137, (await first.EndAsync()).ExitCode);
        var ended = await second.EndAsync();
        Assert.True(ended.ExitCode == calm.ExitCode, ended.Error);
        Assert.Contains("is being worked on by", ended.Error);
        Assert.Equal(job.FinalState("calm"), job.FinalState("shared"));
    }

    [Fact]
    public async Task A_paused_run_stays_stopped_until_it_is_resumed_from_the_store_alone()
    {
        using var job = new TinyJob();
        string[] longer = ["--set", "train.steps=400", "--set", "train.segment=200", "--set", "guard.refreshEvery=0", "--set", "driftcheck.every=final"];
        var calm = await AlignGuardProcess.RunAsync([.. job.Command("calm"), .. longer]);
        Assert.True(Finished.Contains(calm.ExitCode), calm.Error);

        using (var process = AlignGuardProcess.Start([.. job.Command("store"), .. longer]))
        {
            await process.UntilAsync(() => Directory.Exists(Path.Combine(job.Store("store"), "runs", Run(job, "store"), "basis")));
            Assert.Equal(0, (await AlignGuardProcess.RunAsync("pause", Run(job, "store"), "--store", job.Store("store"))).ExitCode);
            var ended = await process.EndAsync();
            Assert.True(ended.ExitCode == 4, $"{ended.ExitCode}: {ended.Error}");
            Assert.Contains("is paused at step", ended.Error);
        }
        var again = await AlignGuardProcess.RunAsync([.. job.Command("store"), .. longer]);
        Assert.Equal(4, again.ExitCode);
        Assert.Contains("is paused at step", again.Error);
        var resumed = await AlignGuardProcess.RunAsync("resume", Run(job, "store"), "--store", job.Store("store"));
        Assert.True(resumed.ExitCode == calm.ExitCode, resumed.Error);
        Assert.Equal(job.FinalState("calm"), job.FinalState("store"));
        var tooLate = await AlignGuardProcess.RunAsync("pause", Run(job, "store"), "--store", job.Store("store"));
        Assert.Equal(2, tooLate.ExitCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_the_gate_accepted_waits_for_the_person_that_the_job_asks_for(bool approves)
    {
        using var job = new TinyJob();
        string[] command = [.. job.Command("store"), .. TinyJob.Accepted, "--set", "gate.approval=required"];
        var waits = await AlignGuardProcess.RunAsync(command);
        Assert.True(waits.ExitCode == 4, $"{waits.ExitCode}: {waits.Error}");
        Assert.Contains("waits for a person", waits.Error);
        Assert.False(Directory.Exists(Path.Combine(job.Store("store"), "models")));

        string[] decide = ["approve", Run(job, "store"), "--by", "ann", "--store", job.Store("store")];
        Assert.Equal(0, (await AlignGuardProcess.RunAsync([.. decide, .. approves ? Array.Empty<string>() : ["--decline"]])).ExitCode);
        // The first decision stands.
        var other = await AlignGuardProcess.RunAsync([.. decide, .. approves ? ["--decline"] : Array.Empty<string>()]);
        Assert.Equal(2, other.ExitCode);
        Assert.Contains("by ann before", other.Error);

        var ended = await AlignGuardProcess.RunAsync("resume", Run(job, "store"), "--store", job.Store("store"));
        Assert.True(ended.ExitCode == (approves ? 0 : 3), ended.Error);
        Assert.Equal(approves, File.Exists(Path.Combine(job.Store("store"), "models", "tiny", "current.json")));
    }

    [Fact]
    public async Task A_segment_is_not_begun_where_its_commit_would_find_no_room()
    {
        using var job = new TinyJob();
        using var models = new ModelHost();
        var store = new Narrow(new FolderStore(job.Store("store")));
        var run = await JobRun.OpenAsync(JobFileReader.Read(job.JobFile, []), store, models, new SilentObserver(), StopSignal.Never);
        var full = await Assert.ThrowsAsync<StorageFullException>(() => new LocalRunner(run).RunAsync());
        Assert.Contains("has 1,000 bytes left and the next segment's commit needs about", full.Message);
        Assert.False(full.Transient);
        Assert.False(Directory.Exists(Path.Combine(job.Store("store"), run.Records.Segment(0))));

        store.Free = null;
        Assert.False((await new LocalRunner(run).RunAsync()).Stopped);
    }

    private sealed class Narrow(IArtifactStore inner) : DelegatingStore(inner)
    {
        public long? Free { get; set; } = 1000;
        public override long? FreeBytes => Free;
    }

    /// <summary>The run of a store that has one; waits for it.</summary>
    private static string Run(TinyJob job, string store)
    {
        var runs = Path.Combine(job.Store(store), "runs");
        for (var waited = 0; !Directory.Exists(runs) || Directory.GetDirectories(runs).Length == 0; waited += 50)
        {
            Assert.True(waited < 60_000, "no run began");
            Thread.Sleep(50);
        }
        return Path.GetFileName(Directory.GetDirectories(runs).Single());
    }
}
