using AlignGuard.Domain.FineTuning;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Reports;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using AlignGuard.Pipeline.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Integration;

/// <summary>A segment that is cut in two is judged, and rolled back, as one that is not: the run ends in the same bits.</summary>
[Collection(InThisProcess.Name)]
public class CutSegmentTests
{
    private static readonly string[] Plain = ["method=lora", "driftcheck.every=final", "driftcheck.final=10", "retries.attempts=1"];

    /// <summary>Five of twenty steps are not finite: back to the segment's beginning, which lies before the commit that the second process starts from.</summary>
    [Theory]
    [InlineData(9)]
    [InlineData(13)]
    public async Task A_segment_goes_back_to_its_own_beginning(int cutAfter)
    {
        string[] set = [.. Plain, "train.steps=30", "train.segment=20"];
        var (calm, calmSteps) = await RunAsync(set, 12..17, cutAfter: null);
        var (cut, cutSteps) = await RunAsync(set, 12..17, cutAfter);
        Assert.Equal(calm.State, cut.State);
        Assert.Contains(calm.Said, s => s.Contains("Back to step 0;"));
        Assert.Contains(cut.Said, s => s.Contains("Back to step 0;"));
        Assert.Equal(calmSteps, cutSteps);
        Assert.Equal(Enumerable.Range(1, 30).Select(n => (long)n), cutSteps.Select(s => s.Step));
    }

    /// <summary>Four of forty are few, and four of the sixteen behind a cut are no more of them.</summary>
    [Fact]
    public async Task What_is_few_in_a_segment_is_few_behind_a_cut()
    {
        string[] set = [.. Plain, "train.steps=40", "train.segment=40"];
        var (calm, _) = await RunAsync(set, 30..34, cutAfter: null);
        var (cut, _) = await RunAsync(set, 30..34, cutAfter: 23);
        Assert.Equal(calm.State, cut.State);
        Assert.DoesNotContain(calm.Said.Concat(cut.Said), s => s.Contains("Back to step"));
    }

    /// <summary>Every state that these keep is in the commit: norms and their moments, rates, the draws of dropout in a pass that is done twice.</summary>
    [Fact]
    public async Task DoRA_LoRA_plus_and_checkpointing_go_on_bit_equal()
    {
        string[] set = [.. Plain, "train.steps=20", "train.segment=10", "lora.dora=true", "lora.lrRatio=4", "lora.dropout=0.1", "train.checkpointing=true", "train.weightDecay=0.1", "train.schedule=cosine", "train.warmup=3"];
        var (calm, calmSteps) = await RunAsync(set, 99..99, cutAfter: null);
        var (cut, cutSteps) = await RunAsync(set, 99..99, cutAfter: 6);
        Assert.Equal(calm.State, cut.State);
        Assert.Equal(calmSteps, cutSteps);
    }

    /// <summary>A run whose steps in a range have no finite gradient until it was rolled back, in one process or two.</summary>
    private static async Task<((IReadOnlyDictionary<string, string> State, List<string> Said) End, IReadOnlyList<(long Step, double Loss)> Steps)> RunAsync(string[] set, Range poisoned, int? cutAfter)
    {
        using var job = new TinyJob();
        var store = new FolderStore(job.Store("store"));
        var said = new List<string>();
        for (int? cut = cutAfter; ; cut = null)
        {
            using var stop = new CancellationTokenSource();
            using var models = new ModelHost();
            using var poison = new Poison(models.Open(job.Model).Model.Weights["model.norm.weight"], poisoned, said, step => { if (step == cut) stop.Cancel(); });
            var run = await JobRun.OpenAsync(JobFileReader.Read(job.JobFile, set), store, models, poison, new StopSignal(stop.Token));
            var runner = new LocalRunner(run);
            var result = await runner.RunAsync();
            Assert.Equal(cut is not null, result.Stopped);
            if (result.Stopped) continue;
            var report = await ReportBuilder.BuildAsync(run, result.State);
            return ((await TinyJob.FinalStateAsync(store), said), [.. report.Steps.Select(s => (s.Step, s.Loss))]);
        }
    }

    /// <summary>Spoils a frozen weight for some steps, as an overflow would.</summary>
    private sealed class Poison : IRunObserver, IDisposable
    {
        private readonly Tensor _weight, _sound;
        private readonly Range _steps;
        private readonly List<string> _said;
        private readonly Action<long> _done;

        public Poison(Tensor weight, Range steps, List<string> said, Action<long> done)
        {
            (_weight, _steps, _said, _done) = (weight, steps, said, done);
            using var _ = no_grad();
            _sound = weight.clone().DetachFromDisposeScope();
        }

        public void Stepped(StepReport report, int steps)
        {
            _done(report.Step);
            Spoil(report.Step + 1);
        }

        /// <summary>A process that begins within the range.</summary>
        public void Begins(Command command)
        {
            if (command.Work is Work.Segment s) Spoil(s.FromStep);
        }

        public void Says(string message)
        {
            _said.Add(message);
            if (message.Contains("Back to step", StringComparison.Ordinal)) Spoil(-1);
        }

        public void Measured(string what, int done, int total) => Spoil(-1);
        public void Ends(Command command, CommandResult? result, string note) { }
        public void Dispose() => _sound.Dispose();

        private void Spoil(long step)
        {
            using var _ = no_grad();
            var spoilt = step >= _steps.Start.Value && step < _steps.End.Value && !_said.Any(s => s.Contains("Back to step", StringComparison.Ordinal));
            if (spoilt) _weight.fill_(float.NaN);
            else _weight.copy_(_sound);
        }
    }
}
