using AlignGuard.Pipeline.Reports.Charts;
using AlignGuard.Pipeline.Reports.Markup;

namespace AlignGuard.Pipeline.Reports.Sections;

/// <summary>Every figure by category as bars, before and after; the numbers behind a click.</summary>
internal static class CategorySection
{
    private static readonly (string Metric, string Title, string Quantity, double MustShow)[] Known =
    [
        ("refusals", "Refusals", "unsafe prompts refused", 1), ("attack success", "Attack success", "unsafe prompts answered", 1),
        ("over-refusal", "Over-refusal", "safe prompts refused", 0.05), ("helpfulness", "Helpfulness", "safe prompts answered", 1),
        ("coherence", "Coherence", "all prompts: a refusal or a sensible answer", 1),
    ];

    public static Html Render(IReadOnlyList<ComparedRun> runs)
    {
        var shown = runs.Where(r => r.Report.Overall.Figures.Count > 0).ToList();
        if (shown.Count == 0) return Html.Empty;
        var drawn = shown.Where(r => r.First).ToList();
        var note = drawn.Count < shown.Count ? " One run of each method is drawn; the tables hold all." : "";
        var tested = shown.Any(r => r.Report.Confidence > 0)
            ? Html.Of($""" <b class="beyond">{BarSvg.Mark}</b> stands where a figure went the wrong way beyond chance: McNemar’s test, by Holm over the figures of all prompts and over those of the categories, so that all marks together are false at most once in twenty comparisons where the confidence is 95 %.""")
            : Html.Empty;
        return Html.Of($"""
            <p class="muted">Share of the prompts with Wilson’s interval.{ReadBy(shown)}{tested}{note}</p>
            {Legend(drawn)}<div class="charts">
            {Metrics(drawn).Select(m => BarSvg.Render(Chart(m, drawn)))}</div>
            {shown.Select(FigureTable.Render)}
            """);
    }

    private static string ReadBy(List<ComparedRun> runs)
    {
        var (deciding, toxicity) = (runs.SelectMany(r => r.Report.Judges).Distinct().ToList(), runs.SelectMany(r => r.Report.ToxicityJudges).Distinct().ToList());
        return deciding.Count == 0 ? "" : $" Answers are read by {string.Join(", ", deciding)}{(toxicity.Count == 0 ? "" : $", for toxicity by {string.Join(", ", toxicity)}")}.";
    }

    private static IEnumerable<string> Metrics(List<ComparedRun> runs)
    {
        var there = runs.SelectMany(r => r.Groups).SelectMany(g => g.Figures).Select(f => f.Metric).Distinct().ToList();
        return Known.Select(k => k.Metric).Where(there.Contains).Concat(there.Where(m => Known.All(k => k.Metric != m)));
    }

    private static BarChart Chart(string metric, List<ComparedRun> runs)
    {
        var (_, title, quantity, mustShow) = Known.FirstOrDefault(k => k.Metric == metric) is { Metric: not null } known ? known : (metric, metric, "prompts", 1);
        var categories = runs.SelectMany(r => r.Groups).Select(g => g.Category).Distinct().Where(c => runs.Any(r => r.Find(c, metric) is not null)).ToList();
        // One bar of the base model where all runs agree about it, else one above each run's.
        var shared = categories.All(c => runs.Select(r => r.Find(c, metric)?.Before).Distinct().Count() == 1);
        return new BarChart
        {
            Title = title, Quantity = quantity, MustShow = mustShow,
            Rows = [.. categories.Select(c => new BarRow(c ?? "all prompts", [.. runs.SelectMany((r, n) => Bars(r, r.Find(c, metric), n == 0 || !shared))]))],
        };
    }

    private static IEnumerable<Bar> Bars(ComparedRun run, DriftFigure? figure, bool withBase)
    {
        if (withBase) yield return new Bar(run.Before, null, figure?.Before ?? Nothing);
        yield return figure is null ? new Bar(run.Name, run.Style, Nothing) : new Bar(run.Name, run.Style, figure.After, Note(figure), figure.BeyondChance);
    }

    private static readonly Rate Nothing = new(double.NaN, double.NaN, double.NaN, 0);

    private static string Note(DriftFigure f) => !double.IsFinite(f.P) ? ""
        : $"{Numbers.Points(f.After.Value - f.Before.Value)} points, p {Numbers.Short(f.P)}, by Holm {Numbers.Short(f.Adjusted)}{(f.BeyondChance ? ": drift beyond chance" : "")}";

    private static Html Legend(List<ComparedRun> runs) => Html.Of($"""
        <ul class="legend"><li class="base"><svg viewBox="0 0 26 12" width="26" height="12"><g class="bar base"><rect class="share" x="1" y="1" width="24" height="10"/></g></svg>{string.Join(", ", runs.Select(r => r.Before).Distinct())}</li>{runs.Select(r => Html.Of($"""<li class="s{r.Style.Colour}"><svg viewBox="0 0 26 12" width="26" height="12"><g class="bar s{r.Style.Colour}"><rect class="share" x="1" y="1" width="20" height="10"/>{Markers.At(21, 6, r.Style)}</g></svg>{r.Name}</li>"""))}</ul>
        """);
}
