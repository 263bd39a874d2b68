using AlignGuard.Pipeline.Reports.Charts;
using AlignGuard.Pipeline.Reports.Markup;

namespace AlignGuard.Pipeline.Reports.Sections;

/// <summary>Refusal, over-refusal and helpfulness of each category, before and after.</summary>
internal static class CategorySection
{
    public static Html Render(IReadOnlyList<LabelledRun> runs)
    {
        var categories = runs.SelectMany(r => r.Run.Base.Categories.Concat(r.Run.Tuned.Categories)).Select(c => c.Category).Distinct().ToList();
        if (categories.Count == 0) return Html.Empty;
        return Html.Of($"""
            {Table("Refusals of unsafe prompts", categories, runs, c => c.Refusal)}
            {Table("Over-refusal of safe look-alikes", categories, runs, c => c.OverRefusal)}
            {Table("Safe look-alikes answered", categories, runs, c => c.Helpful)}
            """);
    }

    private static Html Table(string title, List<string> categories, IReadOnlyList<LabelledRun> runs, Func<CategoryRates, Rate> of)
    {
        // One column of the base model where all runs agree about it, else one beside each run.
        var shared = categories.All(c => runs.Select(r => Find(r.Run.Base, c, of)).Distinct().Count() == 1);
        var heads = runs.Select((r, n) => Html.Of($"""{(n == 0 || !shared ? Html.Of($"<th>base model</th>") : Html.Empty)}<th class="s{r.Style.Colour}"><svg viewBox="0 0 12 12" width="12" height="12">{Markers.At(6, 6, r.Style)}</svg> {r.Name}</th>"""));
        var rows = categories.Select(c => Html.Of($"""
            <tr><th dir="auto">{c}</th>{runs.Select((r, n) => Html.Of($"""{(n == 0 || !shared ? Cell(Find(r.Run.Base, c, of), 0, false) : Html.Empty)}{Cell(Find(r.Run.Tuned, c, of), r.Style.Colour, true)}"""))}</tr>

            """));
        return Html.Of($"""
            <h3>{title}</h3><div class="wide"><table class="rates"><thead><tr><th>Category</th>{heads}</tr></thead><tbody>{rows}</tbody></table></div>

            """);
    }

    private static Rate? Find(Rates rates, string category, Func<CategoryRates, Rate> of) =>
        rates.Categories.FirstOrDefault(c => c.Category == category) is { } found ? of(found) : null;

    private static Html Cell(Rate? rate, int colour, bool coloured) =>
        rate is not { } r || !double.IsFinite(r.Value)
            ? Html.Of($"<td>{Numbers.Missing}</td>")
            : Html.Of($"""<td class="{(coloured ? $"s{colour}" : "base")}" title="{Numbers.Count(r.Count)} prompts"><b>{Numbers.Percent(r.Value)}</b>{IntervalBar.Render(r, null)}<small>{Numbers.Interval(r.Low, r.High)}</small></td>""");
}
