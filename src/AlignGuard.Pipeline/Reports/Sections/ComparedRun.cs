using AlignGuard.Pipeline.Reports.Charts;

namespace AlignGuard.Pipeline.Reports.Sections;

/// <summary>A comparison with the names and the look of what was compared.</summary>
/// <param name="Before">The first model's name.</param>
/// <param name="Name">The second's.</param>
/// <param name="Style">The second's look.</param>
/// <param name="First">First of its kind: runs that differ in the seed only are not all drawn.</param>
internal sealed record ComparedRun(string Before, string Name, SeriesStyle Style, bool First, DriftReport Report)
{
    public static IReadOnlyList<ComparedRun> Of(IReadOnlyList<LabelledRun> runs) =>
        [.. runs.Select(r => new ComparedRun("base model", r.Name, r.Style, r.First, r.Run.Comparison ?? OlderReport.Compare(r.Run)))];

    public IEnumerable<DriftGroup> Groups => Report.Categories.Prepend(Report.Overall);

    /// <summary>Null where it was not measured.</summary>
    public DriftFigure? Find(string? category, string metric) => Groups.FirstOrDefault(g => g.Category == category)?.Figures.FirstOrDefault(f => f.Metric == metric);
}
