using AlignGuard.Domain.FineTuning;
using AlignGuard.Models.Numerics;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using AlignGuard.Pipeline.Training;
using Xunit;

namespace AlignGuard.Integration;

/// <summary>A run in this process: whatever an activity allocates is gone when it ends.</summary>
[Collection(InThisProcess.Name)]
public class LiveTensorTests
{
    [Fact]
    public async Task The_live_tensor_count_returns_to_its_base_after_every_activity()
    {
        using var job = new TinyJob();
        using var models = new ModelHost();
        var counts = new Counting();
        var run = await JobRun.OpenAsync(JobFileReader.Read(job.JobFile, []), new FolderStore(job.Store("store")), models, counts, StopSignal.Never);
        var result = await new LocalRunner(run).RunAsync();
        Assert.False(result.Stopped);
        Assert.True(counts.After.Count(c => c.Work.IsSegment) >= 3);
        Assert.All(counts.After, c => Assert.Equal((c.Work, counts.After[0].Live), c));
    }

    /// <summary>Other tests of this process open and close files too: the bound is far below what a handle a segment would come to.</summary>
    [SkippableFact]
    public async Task No_file_handle_outlives_an_activity()
    {
        const string handles = "/proc/self/fd";
        Skip.IfNot(Directory.Exists(handles), "there is no /proc to count open files in");
        using var job = new TinyJob();
        using var models = new ModelHost();
        var run = await JobRun.OpenAsync(JobFileReader.Read(job.JobFile, ["train.segment=1", "train.steps=40", "guard.refreshEvery=0", "driftcheck.every=final", "driftcheck.final=10"]),
            new FolderStore(job.Store("store")), models, new SilentObserver(), StopSignal.Never);
        var before = OpenOf(job);
        Assert.False((await new LocalRunner(run).RunAsync()).Stopped);
        Assert.Equal(before, OpenOf(job));

        // Files of this job, and copies in the temporary folder that were deleted while open.
        static int OpenOf(TinyJob job) => Directory.GetFiles(handles).Select(f => File.ResolveLinkTarget(f, false)?.FullName ?? "").Count(t => t.StartsWith(job.Folder, StringComparison.Ordinal) || t.Contains("/alignguard-", StringComparison.Ordinal) && t.EndsWith("(deleted)", StringComparison.Ordinal) && t.Contains(".safetensors", StringComparison.Ordinal));
    }

    private sealed class Counting : IRunObserver
    {
        public List<(Work Work, long Live)> After { get; } = [];

        public void Ends(Command command, CommandResult? result, string note) => After.Add((command.Work, LiveTensors.Count));
        public void Begins(Command command) { }
        public void Stepped(StepReport report, int steps) { }
        public void Measured(string what, int done, int total) { }
        public void Says(string message) { }
    }
}
