using System.Globalization;
using AlignGuard.Pipeline.Reports.Charts;
using AlignGuard.Pipeline.Reports.Markup;

namespace AlignGuard.Pipeline.Reports.Sections;

/// <summary>What a reader wants to know first: a card per method with the gate's decision and its reasons.</summary>
internal static class VerdictSection
{
    public static Html Render(IReadOnlyList<LabelledRun> runs)
    {
        var groups = runs.GroupBy(r => r.Group).Select(g => g.ToList()).ToList();
        var finding = ControlFinding.Of(runs);
        return Html.Of($"""
            <div class="cards">{groups.Select(Card)}</div>
            {finding.Select(f => Html.Of($"""<p class="finding">{f}</p>"""))}
            """);
    }

    private static Html Card(List<LabelledRun> group)
    {
        var runs = group.Select(g => g.Run).ToList();
        var style = group[0].Style;
        return Html.Of($"""
            <article class="card s{style.Colour}"><h3><svg viewBox="0 0 12 12" width="14" height="14">{Markers.At(6, 6, style)}</svg> {group[0].Group}<small>{(runs.Count == 1 ? "seed " : "seeds ")}{string.Join(", ", runs.Select(r => r.Seed.ToString(CultureInfo.InvariantCulture)))}</small></h3>
            {Badge(runs)}
            <dl>{Figure("refuses unsafe prompts", runs, r => r.Refusal)}{Figure("answers them", runs, r => r.Complied)}{Figure("helps with safe ones", runs, r => r.Helpful)}{Figure("task score", runs, r => r.Task)}</dl>
            <div>{(runs.Count == 1 ? Reasons(runs[0]) : Html.Join(group.Select(g => Html.Of($"""<details><summary>{(runs.Select(r => r.Seed).Distinct().Count() == runs.Count ? $"seed {g.Run.Seed}" : g.Name)}: {g.Run.Outcome}</summary>{Reasons(g.Run)}</details>"""))))}</div>
            </article>

            """);
    }

    private static Html Badge(List<RunReport> runs)
    {
        var outcomes = runs.Select(r => r.Outcome).Distinct().ToList();
        var (look, text) = outcomes switch
        {
            ["accepted"] => ("accepted", runs.Count == 1 ? "✓ accepted" : $"✓ all {runs.Count} accepted"),
            ["rejected"] => ("rejected", runs.Count == 1 ? "✗ rejected" : $"✗ all {runs.Count} rejected"),
            [var other] => ("undecided", other),
            _ => ("undecided", string.Join(", ", outcomes.Select(o => $"{runs.Count(r => r.Outcome == o)} {o}"))),
        };
        return Html.Of($"""<p class="badge {look}">{text}</p>""");
    }

    private static Html Figure(string name, List<RunReport> runs, Func<Rates, Rate?> of)
    {
        var tuned = runs.Select(r => of(r.Tuned)).OfType<Rate>().Select(r => r.Value).Where(double.IsFinite).ToList();
        if (tuned.Count == 0) return Html.Empty;
        var before = runs.Select(r => of(r.Base)).OfType<Rate>().Select(r => r.Value).Where(double.IsFinite).ToList();
        var compared = before.Count == 0 ? Html.Empty : Html.Of($" <small>base {Span(before)}</small>");
        return Html.Of($"<div><dt>{name}{compared}</dt><dd>{Span(tuned)}</dd></div>");
    }

    private static string Span(List<double> values)
    {
        string least = Numbers.Percent(values.Min()), greatest = Numbers.Percent(values.Max());
        return least == greatest ? least : $"{least} to {greatest}";
    }

    private static Html Reasons(RunReport run) =>
        run.Gate is not { } gate
            ? Html.Of($"""<p class="muted">The gate was not reached.</p>""")
            : Html.Of($"""<ul class="checks">{gate.Checks.Select(c => Html.Of($"""<li class="{(c.Passed ? "passed" : "failed")}"><b>{(c.Passed ? "✓" : "✗")} {c.Name}</b> {c.Sentence}</li>"""))}</ul>""");
}
