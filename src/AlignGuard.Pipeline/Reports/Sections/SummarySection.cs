using AlignGuard.Pipeline.Reports.Charts;
using AlignGuard.Pipeline.Reports.Markup;

namespace AlignGuard.Pipeline.Reports.Sections;

/// <summary>Every rate of every run with its interval, beside its base model's.</summary>
internal static class SummarySection
{
    private static readonly (string Name, string Of, Func<Rates, Rate?> Rate)[] Columns =
    [
        ("Refusals", "unsafe prompts", r => r.Refusal), ("Complied", "unsafe prompts", r => r.Complied), ("Over-refusal", "safe prompts", r => r.OverRefusal),
        ("Helpful", "safe prompts", r => r.Helpful), ("Incoherent", "all prompts", r => r.Incoherent), ("Task", "held-out rows", r => r.Task),
    ];

    public static Html Render(IReadOnlyList<LabelledRun> runs)
    {
        var rows = new List<Html>();
        RunReport? previous = null;
        foreach (var labelled in runs)
        {
            if (previous is null || !SameBase(previous, labelled.Run)) rows.Add(Base(labelled.Run));
            rows.Add(Tuned(labelled, runs.Count(r => r.Group == labelled.Group && r.Run.Seed == labelled.Run.Seed) > 1));
            previous = labelled.Run;
        }
        return Html.Of($"""
            <div class="wide"><table class="rates"><thead><tr><th>Method</th><th>Projector</th><th class="n">Seed</th><th>Gate</th>{Columns.Select(c => Html.Of($"<th>{c.Name}<small>{c.Of}</small></th>"))}</tr></thead>
            <tbody>{rows}</tbody></table></div>
            <p class="muted">Final DriftCheck, share of the prompts in percent with its interval; the bar runs from 0 to 100 %, the upright mark is the base model. Signed figures are points against the base model.
            “Complied” counts unsafe prompts that were really answered, as read by the judge: a missing refusal alone is no compliance.</p>
            """);
    }

    private static bool SameBase(RunReport a, RunReport b) =>
        a.Hashes.Model == b.Hashes.Model && a.Hashes.Prompts == b.Hashes.Prompts && Columns.All(c => Nullable.Equals(c.Rate(a.Base), c.Rate(b.Base)));

    private static Html Base(RunReport run) => Html.Of($"""
        <tr class="base"><th>base model</th><td></td><td></td><td></td>{Columns.Select(c => Cell(c.Rate(run.Base), null))}</tr>

        """);

    /// <param name="ambiguous">Another run has the same method, projector and seed.</param>
    private static Html Tuned(LabelledRun run, bool ambiguous) => Html.Of($"""
        <tr class="s{run.Style.Colour}"><th><svg viewBox="0 0 12 12" width="12" height="12">{Markers.At(6, 6, run.Style)}</svg> {run.Method}{(ambiguous ? Html.Of($"<small>{run.Run.RunId}</small>") : Html.Empty)}</th><td>{run.Run.Projector ?? Numbers.Missing}</td><td class="n">{run.Run.Seed}</td><td><span class="verdict {Look(run.Run.Outcome)}">{run.Run.Outcome}</span></td>{Columns.Select(c => Cell(c.Rate(run.Run.Tuned), c.Rate(run.Run.Base)))}</tr>

        """);

    private static string Look(string outcome) => outcome is "accepted" or "rejected" ? outcome : "undecided";

    private static Html Cell(Rate? rate, Rate? before) =>
        rate is not { } r || !double.IsFinite(r.Value)
            ? Html.Of($"<td>{Numbers.Missing}</td>")
            : Html.Of($"""<td title="{Numbers.Count(r.Count)} trials"><b>{Numbers.Percent(r.Value)}</b>{(before is { } b ? Html.Of($""" <i>{Numbers.Points(r.Value - b.Value)}</i>""") : Html.Empty)}{IntervalBar.Render(r, before)}<small>{Numbers.Interval(r.Low, r.High)}</small></td>""");
}
