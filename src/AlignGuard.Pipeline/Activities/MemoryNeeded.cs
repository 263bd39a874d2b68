using AlignGuard.Domain.Estimates;
using AlignGuard.Domain.Spec;
using AlignGuard.Pipeline.Verification;

namespace AlignGuard.Pipeline.Activities;

/// <summary>What a step with a micro-batch of one row is counted to need: for whoever met a device without room.</summary>
internal static class MemoryNeeded
{
    public static string Of(RunContext run)
    {
        var folder = ModelFolder.Read(run.ModelFolder);
        var spec = run.Spec;
        var lengths = new Lengths(1, spec.Train.SeqLen, spec.Train.SeqLen, 1);
        // Whose arithmetic matters here is known; which device it is does not change what is counted.
        var stage = Memory.stages(folder.Shape, Job(spec), DeviceModule.known.First(d => d.HalfFlops > 0), lengths).Single(s => s.Stage == "Segment");
        return FormattableString.Invariant(
            $"With a micro-batch of one row of {spec.Train.SeqLen} tokens a segment is counted to need {stage.Bytes / (double)(1L << 30):f1} GiB: {string.Join(", ", stage.Parts.Select(p => FormattableString.Invariant($"{p.What} {p.Bytes / (double)(1L << 30):f1}")))}.");
    }

    private static JobSpec Job(JobSpec spec)
    {
        var one = JobFile.Parse(JobFile.Serialise(spec), "spec.json", ["train.batch=1", $"train.precision={(spec.Train.Precision.IsBfloat16 ? "bfloat16" : "float32")}"]);
        return one.Spec!.Value;
    }
}
