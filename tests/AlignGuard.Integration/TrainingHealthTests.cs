using System.Text.Json;
using Xunit;

namespace AlignGuard.Integration;

/// <summary>Training that goes wrong, or has nothing left to learn, in whole runs.</summary>
public class TrainingHealthTests
{
    private static readonly string[] Plain = ["--set", "method=lora", "--set", "lora.dropout=0"];

    /// <summary>A rate at which every gradient soon is NaN: back once, then the end, with the rows at fault.</summary>
    [Fact]
    public async Task A_run_that_diverges_goes_back_once_and_then_fails_with_its_batches()
    {
        using var job = new TinyJob();
        var ended = await AlignGuardProcess.RunAsync([.. job.Command("store"), .. Plain, "--set", "train.lr=10", "--set", "train.clip=0", "--set", "lora.alpha=1e30", "--set", "retries.attempts=1"]);
        Assert.NotEqual(0, ended.ExitCode);
        Assert.Contains("Back to step 0; on from there with the learning rate halved", ended.Error);
        Assert.Contains("at the halved learning rate too", ended.Error);
        Assert.Matches(@"rows \d+(, \d+)+ of data\.train, batch sha-256 [0-9a-f]{16}", ended.Error);
    }

    /// <summary>Nothing falls by a hundred nats: after two multiples of the segment's length training ends, and the run goes on to its verdict.</summary>
    [Fact]
    public async Task A_run_whose_evaluation_loss_stays_ends_early_and_comes_to_its_verdict()
    {
        using var job = new TinyJob();
        var ended = await AlignGuardProcess.RunAsync([.. job.Command("store"), .. Plain, "--set", "train.segment=4", "--set", "train.earlyStop.patience=2", "--set", "train.earlyStop.minDelta=100", "--json"]);
        Assert.True(ended.ExitCode is 0 or 3, ended.Error);
        Assert.Equal(12, JsonDocument.Parse(ended.Output).RootElement.GetProperty("steps").GetArrayLength());
    }
}
