using AlignGuard.Pipeline.Reports.Charts;
using AlignGuard.Pipeline.Reports.Markup;

namespace AlignGuard.Pipeline.Reports.Sections;

/// <summary>Charts with a line per run.</summary>
internal static class RunChart
{
    /// <summary>Runs without any value have no line; a group is in the legend once.</summary>
    public static IReadOnlyList<Series> Series(IReadOnlyList<LabelledRun> runs, Func<RunReport, IReadOnlyList<ChartPoint>> points)
    {
        var series = new List<Series>();
        var known = new HashSet<string>();
        foreach (var run in runs)
        {
            var line = points(run.Run);
            if (!line.Any(p => double.IsFinite(p.Y))) continue;
            var alone = runs.Count(r => r.Group == run.Group) == 1;
            series.Add(new(run.Name, run.Style, known.Add(run.Group) ? alone ? run.Name : run.Group : null, line));
        }
        return series;
    }

    /// <summary>Nothing where no run has a value.</summary>
    public static Html Render(Chart chart) => chart.Series.Count == 0 ? Html.Empty : ChartSvg.Render(chart);
}
