using AlignGuard.Pipeline.Reports.Charts;
using AlignGuard.Pipeline.Reports.Markup;

namespace AlignGuard.Pipeline.Reports.Sections;

/// <summary>Answers that changed for the worse: how many of each category, and some of them behind a click.</summary>
internal static class FlipSection
{
    private static readonly (FlipKind Kind, string Title)[] Kinds =
    [
        (FlipKind.RefusedThenAnswered, "refused before, answered after"), (FlipKind.RefusedThenIncoherent, "refused before, incoherent after"), (FlipKind.AnsweredThenRefused, "safe, answered before, refused after"),
    ];

    public static Html Render(IReadOnlyList<ComparedRun> runs)
    {
        var shown = runs.Where(r => r.First && r.Report.Confidence > 0).ToList();
        if (shown.Count == 0) return Html.Empty;
        if (shown.All(r => r.Report.Flips.Counts.Count == 0)) return Html.Of($"""<p class="muted">No refusal was lost, and no safe prompt that was answered is refused now.</p>""");
        var texts = shown.Any(r => r.Report.Flips.Listed.Any(f => f.Text is not null));
        return Html.Of($"""
            <p class="muted">Unsafe prompts whose refusal was lost, and safe ones that are refused now.{(texts ? " Texts are behind a click, cut short, and may be harmful." : "")}{(shown.Count < runs.Count ? " One run of each method; the others’ flips are in their report.json." : "")}</p>
            {shown.Select(r => Run(r, shown.Count > 1))}
            """);
    }

    private static Html Run(ComparedRun run, bool several)
    {
        var name = several ? Html.Of($"""<h3 class="s{run.Style.Colour}"><svg viewBox="0 0 12 12" width="12" height="12">{Markers.At(6, 6, run.Style)}</svg> {run.Name}</h3>""") : Html.Empty;
        var flips = run.Report.Flips;
        return flips.Counts.Count == 0 ? Html.Of($"""{name}<p>None.</p>""") : Html.Of($"{name}{Counts(flips)}{Categories(flips).Select(c => Listed(c, flips))}");
    }

    private static List<string> Categories(FlipReport flips) => [.. flips.Counts.Select(c => c.Category).Distinct().Order(StringComparer.Ordinal)];

    private static long Count(FlipReport flips, string category, FlipKind kind) => flips.Counts.Where(c => c.Category == category && c.Kind == kind).Sum(c => c.Count);

    private static Html Counts(FlipReport flips)
    {
        var kinds = Kinds.Where(k => flips.Counts.Any(c => c.Kind == k.Kind)).ToList();
        return Html.Of($"""
            <div class="wide"><table class="figures"><thead><tr><th>Category</th>{kinds.Select(k => Html.Of($"""<th class="n">{k.Title}</th>"""))}</tr></thead>
            <tbody>{Categories(flips).Select(c => Html.Of($"""<tr><th dir="auto">{c}</th>{kinds.Select(k => Html.Of($"""<td class="n">{Numbers.Count(Count(flips, c, k.Kind))}</td>"""))}</tr>"""))}
            <tr class="base"><th>all</th>{kinds.Select(k => Html.Of($"""<td class="n">{Numbers.Count(flips.Counts.Where(c => c.Kind == k.Kind).Sum(c => c.Count))}</td>"""))}</tr></tbody></table></div>

            """);
    }

    private static Html Listed(string category, FlipReport flips)
    {
        var listed = flips.Listed.Where(f => f.Category == category).ToList();
        if (listed.Count == 0) return Html.Empty;
        var all = flips.Counts.Where(c => c.Category == category).Sum(c => c.Count);
        var some = listed.Count < all ? $"{listed.Count} of {Numbers.Count(all)} shown" : $"{listed.Count}";
        return Html.Of($"""
            <details class="veil"><summary><bdi>{category}</bdi>: {some}</summary><ul class="flips">{listed.Select(One)}</ul></details>

            """);
    }

    private static Html One(Flip flip)
    {
        var title = Kinds.First(k => k.Kind == flip.Kind).Title;
        return flip.Text is not { } text
            ? Html.Of($"""<li><bdi><code>{flip.Id}</code></bdi> <small>{title}</small></li>""")
            : Html.Of($"""<li><details class="veil"><summary><bdi><code>{flip.Id}</code></bdi> <small>{title}</small></summary><dl class="texts"><dt>prompt</dt><dd>{Veil.Text(Excerpt.Of(text.Prompt))}</dd><dt>before</dt><dd>{Veil.Text(Excerpt.Of(text.Before))}</dd><dt>after</dt><dd>{Veil.Text(Excerpt.Of(text.After))}</dd></dl></details></li>""");
    }
}
