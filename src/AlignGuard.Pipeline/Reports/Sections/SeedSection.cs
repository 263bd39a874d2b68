using AlignGuard.Pipeline.Reports.Charts;
using AlignGuard.Pipeline.Reports.Markup;

namespace AlignGuard.Pipeline.Reports.Sections;

/// <summary>Methods over their seeds, where there are several.</summary>
internal static class SeedSection
{
    public static Html Render(IReadOnlyList<LabelledRun> runs)
    {
        var groups = runs.GroupBy(r => r.Group).Where(g => g.Select(r => r.Run.Seed).Distinct().Count() > 1).Select(g => g.ToList()).ToList();
        if (groups.Count == 0) return Html.Empty;
        return Html.Of($"""
            <div class="wide"><table class="rates"><thead><tr><th>Method</th><th class="n">Seeds</th>{SeedMeans.Quantities.Select(q => Html.Of($"<th>{q.Name}</th>"))}</tr></thead>
            <tbody>{groups.Select(Row)}</tbody></table></div>
            <p class="muted">Mean over seeds in percent with Student's t interval (95 %): how much another seed would change it. All seeds train on the same data from the same base model.</p>
            """);
    }

    private static Html Row(List<LabelledRun> group)
    {
        var runs = group.Select(g => g.Run).ToList();
        return Html.Of($"""
            <tr class="s{group[0].Style.Colour}"><th><svg viewBox="0 0 12 12" width="12" height="12">{Markers.At(6, 6, group[0].Style)}</svg> {group[0].Group}</th><td class="n">{runs.Count}</td>{SeedMeans.Quantities.Select(q => Cell(SeedMeans.Of(runs, q.Of)))}</tr>

            """);
    }

    private static Html Cell(Rate? mean) => mean is not { } m
        ? Html.Of($"<td>{Numbers.Missing}</td>")
        : Html.Of($"<td><b>{Numbers.Percent(m.Value)}</b>{IntervalBar.Render(m, null)}<small>{Numbers.Interval(m.Low, m.High)}</small></td>");
}
