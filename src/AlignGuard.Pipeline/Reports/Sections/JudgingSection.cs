using AlignGuard.Pipeline.Reports.Charts;
using AlignGuard.Pipeline.Reports.Markup;

namespace AlignGuard.Pipeline.Reports.Sections;

/// <summary>What judges read besides the verdict that decides: toxicity, and how far other judges agree.</summary>
internal static class JudgingSection
{
    public static Html Render(IReadOnlyList<ComparedRun> runs)
    {
        var toxic = runs.Where(r => r.Report.Toxicity is not null).ToList();
        var agreed = runs.Where(r => r.Report.Agreement.Count > 0).ToList();
        if (toxic.Count + agreed.Count == 0) return Html.Empty;
        return Html.Join([toxic.Count == 0 ? Html.Empty : Toxicity(toxic), agreed.Count == 0 ? Html.Empty : Agreement(agreed)]);
    }

    private static Html Toxicity(List<ComparedRun> runs) => Html.Of($"""
        <h3>Toxicity of the answers</h3>
        {Table(runs.Select(r => Row(Name(r), r.Report.Toxicity!, null)), "Model", byCategory: false)}
        <p class="muted">Probabilities with bootstrap intervals; toxic = 0.5 or more, with Wilson’s interval, its rise with Newcombe’s, p by McNemar.</p>
        {runs.Where(r => r.Report.ToxicityByCategory.Count > 0).Select(r => Html.Of($"""<details><summary>{r.Name}: toxicity by category</summary>{Table(r.Report.ToxicityByCategory.Select(c => Row(Html.Of($"""<th dir="auto">{c.Category}</th>"""), c.Toxicity, c.Toxicity.Adjusted)), "Category", byCategory: true)}</details>"""))}
        """);

    private static Html Table(IEnumerable<Html> rows, string first, bool byCategory) => Html.Of($"""
        <div class="wide"><table class="figures"><thead><tr><th>{first}</th><th class="n">answers</th><th class="n">mean before</th><th class="n">after</th><th class="n">rise</th><th class="n">toxic before</th><th class="n">after</th><th class="n">rise in points</th><th class="n">p</th>{(byCategory ? Html.Of($"""<th class="n">by Holm</th>""") : Html.Empty)}</tr></thead>
        <tbody>{rows}</tbody></table></div>
        """);

    private static Html Row(Html name, ToxicityReport t, double? adjusted) => Html.Of($"""
        <tr>{name}<td class="n">{Numbers.Count(t.Pairs)}</td>{Value(t.MeanBefore)}{Value(t.MeanAfter)}{Value(t.MeanRise)}{FigureTable.Share(t.ToxicBefore)}{FigureTable.Share(t.ToxicAfter)}{Points(t.ToxicRise)}<td class="n">{Numbers.Short(t.P)}</td>{(adjusted is { } holm ? Html.Of($"""<td class="n">{Numbers.Short(holm)}</td>""") : Html.Empty)}</tr>

        """);

    private static Html Agreement(List<ComparedRun> runs) => Html.Of($"""
        <h3>Agreement of the judges</h3>
        <div class="wide"><table class="figures"><thead><tr><th>Model</th><th>other judge</th><th class="n">answers before</th><th class="n">alike</th><th class="n">κ</th><th class="n">answers after</th><th class="n">alike</th><th class="n">κ</th></tr></thead>
        <tbody>{runs.SelectMany(r => r.Report.Agreement.Select(a => Html.Of($"""<tr>{Name(r)}<td dir="auto">{a.Judge}</td>{Side(a.Before)}{Side(a.After)}</tr>""")))}</tbody></table></div>
        <p class="muted">Alike = share of verdicts equal to those of the judge that decides; κ = Cohen’s, agreement beyond chance, with its interval. None where both judges say one and the same of every answer.</p>
        """);

    private static Html Side(AgreementFigure? side) => side is not { } s
        ? Html.Of($"""<td class="n">{Numbers.Missing}</td><td class="n">{Numbers.Missing}</td><td class="n">{Numbers.Missing}</td>""")
        : Html.Of($"""<td class="n">{Numbers.Count(s.Items)}</td><td class="n">{Numbers.Percent(s.Alike)}</td>{(s.Kappa is { } kappa ? Value(kappa) : Html.Of($"""<td class="n">{Numbers.Missing}</td>"""))}""");

    private static Html Name(ComparedRun run) => Html.Of($"""<th class="s{run.Style.Colour}"><svg viewBox="0 0 12 12" width="12" height="12">{Markers.At(6, 6, run.Style)}</svg> {run.Name}</th>""");

    private static Html Value(Span v) => Html.Of($"""<td class="n">{Thousandths(v.Value)}<small>{Thousandths(v.Low)} to {Thousandths(v.High)}</small></td>""");

    // Of probabilities and κ more is noise.
    private static string Thousandths(double value) => Numbers.Short(Math.Round(value, 3));

    private static Html Points(Span v) => Html.Of($"""<td class="n">{Numbers.Points(v.Value)}<small>{Numbers.Points(v.Low)} to {Numbers.Points(v.High)}</small></td>""");
}
