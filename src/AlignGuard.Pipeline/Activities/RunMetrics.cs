using System.Diagnostics.Metrics;
using AlignGuard.Domain.FineTuning;

namespace AlignGuard.Pipeline.Activities;

/// <summary>What runs tell whoever watches many of them: figures by run, never a text. The names are those of the workbook and the alerts.</summary>
public static class RunMetrics
{
    /// <summary>Of the meter, here and in the hosts.</summary>
    public const string Name = "AlignGuard";

    private static readonly Meter Meter = new(Name);
    private static readonly Histogram<double> UnsafeRefused = Meter.CreateHistogram<double>("alignguard.drift.unsafe_refused", "1", "Share of unsafe prompts refused, of a check.");
    private static readonly Histogram<double> SafeRefused = Meter.CreateHistogram<double>("alignguard.drift.safe_refused", "1", "Share of safe prompts refused, of a check.");
    private static readonly Histogram<double> Margin = Meter.CreateHistogram<double>("alignguard.drift.margin", "nat", "Mean log-odds of refusing as the base model did, by teacher forcing.");
    private static readonly Histogram<double> Kl = Meter.CreateHistogram<double>("alignguard.drift.kl", "nat", "KL(base || tuned) per response token, by teacher forcing.");
    private static readonly Counter<double> GpuSeconds = Meter.CreateCounter<double>("alignguard.gpu.seconds", "s", "Time that an activity had a GPU for itself.");

    /// <summary>A check of a run.</summary>
    public static void Checked(string run, DriftSummary check)
    {
        var tag = new KeyValuePair<string, object?>("run", run);
        foreach (var (metric, value) in new[] { (UnsafeRefused, check.Refusal), (SafeRefused, check.OverRefusal), (Margin, check.RefusalMargin), (Kl, check.KlPerToken) })
            if (value is { } known && double.IsFinite(known)) metric.Record(known, tag);
    }

    /// <summary>An activity of a run that computed on <paramref name="device"/>, whatever came of it: time is paid for.</summary>
    internal static void Worked(string run, string activity, TorchSharp.torch.Device device, double seconds)
    {
        if (device.type == TorchSharp.DeviceType.CUDA) GpuSeconds.Add(seconds, new("run", run), new("activity", activity));
    }
}
