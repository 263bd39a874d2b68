using AlignGuard.Domain.Statistics;

namespace AlignGuard.Pipeline.Reports;

/// <summary>One quantity of a method over its seeds: mean and Student's t interval (95 %).</summary>
public static class SeedMeans
{
    private const double Confidence = 0.95;

    /// <summary>In the order of the columns that reports show.</summary>
    public static IReadOnlyList<(string Name, Func<Rates, Rate?> Of)> Quantities { get; } =
    [
        ("refusals", r => r.Refusal), ("complied", r => r.Complied), ("over-refusal", r => r.OverRefusal), ("helpful", r => r.Helpful), ("task", r => r.Task),
    ];

    /// <summary>Null with fewer than two seeds, or where a run did not measure it. The limits are kept within 0..1.</summary>
    public static Rate? Of(IReadOnlyList<RunReport> runs, Func<Rates, Rate?> quantity)
    {
        var values = runs.Select(r => quantity(r.Tuned)?.Value ?? double.NaN).ToList();
        if (values.Count < 2 || !values.TrueForAll(double.IsFinite)) return null;
        var mean = Sample.MeanInterval(values, Confidence);
        return new Rate(mean.Value, Math.Max(0, mean.Lower), Math.Min(1, mean.Upper), values.Count);
    }
}
