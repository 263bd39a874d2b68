using AlignGuard.Pipeline.Reports.Markup;

namespace AlignGuard.Pipeline.Reports.Sections;

/// <summary>The numbers of one comparison, behind a click.</summary>
internal static class FigureTable
{
    public static Html Render(ComparedRun run) => Html.Of($"""
        <details><summary>{run.Name}: the figures</summary><div class="wide"><table class="figures"><thead><tr><th>prompts</th><th>figure</th><th class="n">n</th><th class="n">{run.Before}</th><th class="n">{run.Name}</th><th class="n">points lost</th><th class="n">p</th><th class="n">by Holm</th><th></th></tr></thead>
        {run.Groups.Where(g => g.Figures.Count > 0).Select(Group)}</table></div></details>

        """);

    private static Html Group(DriftGroup group) => Html.Of($"""
        <tbody>{group.Figures.Select((f, n) => Html.Of($"""<tr>{(n == 0 ? Html.Of($"""<th scope="rowgroup" rowspan="{group.Figures.Count}" dir="auto">{group.Category ?? "all"}</th>""") : Html.Empty)}<td>{f.Metric}</td><td class="n">{Numbers.Count(f.Before.Count)}</td>{Share(f.Before)}{Share(f.After)}{Lost(f.Lost)}<td class="n">{Numbers.Short(f.P)}</td><td class="n">{Numbers.Short(f.Adjusted)}</td><td>{(f.BeyondChance ? Html.Of($"""<b class="beyond">drift</b>""") : Html.Empty)}</td></tr>"""))}</tbody>

        """);

    /// <summary>A cell with a share and its interval.</summary>
    public static Html Share(Rate rate) => Html.Of($"""<td class="n">{Numbers.Percent(rate.Value)}<small>{Numbers.Interval(rate.Low, rate.High)}</small></td>""");

    private static Html Lost(Span lost) => !double.IsFinite(lost.Value)
        ? Html.Of($"""<td class="n">{Numbers.Missing}</td>""")
        : Html.Of($"""<td class="n">{Numbers.Points(lost.Value)}<small>{Numbers.Points(lost.Low)} to {Numbers.Points(lost.High)}</small></td>""");
}
