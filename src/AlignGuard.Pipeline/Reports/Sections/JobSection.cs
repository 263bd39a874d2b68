using AlignGuard.Pipeline.Reports.Markup;

namespace AlignGuard.Pipeline.Reports.Sections;

/// <summary>The jobs, with every default written out.</summary>
internal static class JobSection
{
    public static Html Render(IReadOnlyList<LabelledRun> runs) => Html.Join(runs.GroupBy(r => r.Run.Job).Select((g, n) =>
    {
        var content = Html.Of($"<summary>{string.Join("; ", g.Select(r => r.Name))}</summary><pre><code>{g.Key}</code></pre>");
        return n == 0 && runs.Count == 1 ? Html.Of($"""<details open="open">{content}</details>""") : Html.Of($"<details>{content}</details>");
    }));
}
