using AlignGuard.Pipeline.Reports.Markup;

namespace AlignGuard.Pipeline.Reports.Sections;

/// <summary>What the runs warned about; a warning of several runs stands once, with their names.</summary>
internal static class WarningSection
{
    public static Html Render(IReadOnlyList<LabelledRun> runs)
    {
        var warnings = runs.SelectMany(r => r.Run.Warnings.Distinct().Select(w => (Warning: w, r.Name))).GroupBy(x => x.Warning, x => x.Name).ToList();
        if (warnings.Count == 0) return Html.Of($"""<p class="muted">No warnings.</p>""");
        return Html.Of($"""<ul class="warnings">{warnings.Select(w => Html.Of($"""<li dir="auto"><b>{(w.Count() == runs.Count && runs.Count > 1 ? "all runs" : string.Join("; ", w))}</b> {w.Key}</li>"""))}</ul>""");
    }
}
