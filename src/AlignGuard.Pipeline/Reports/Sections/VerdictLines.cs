using AlignGuard.Pipeline.Reports.Charts;
using AlignGuard.Pipeline.Reports.Markup;

namespace AlignGuard.Pipeline.Reports.Sections;

/// <summary>The first thing on the page: what came of it, and why, a line a run.</summary>
internal static class VerdictLines
{
    public static Html Of(IReadOnlyList<LabelledRun> runs) => runs.Count == 1
        ? One(RunVerdict.Line(runs[0].Run), runs[0].Run.Outcome)
        : Html.Of($"""<ul class="lines">{runs.Select(r => Html.Of($"""<li class="s{r.Style.Colour}"><svg viewBox="0 0 12 12" width="12" height="12">{Markers.At(6, 6, r.Style)}</svg> <b>{r.Name}</b> {RunVerdict.Line(r.Run)}</li>"""))}</ul>""");

    /// <param name="line">The sentence.</param>
    /// <param name="outcome">"accepted", "rejected", or anything else.</param>
    public static Html One(string line, string outcome) => Html.Of($"""<p class="line {(outcome is "accepted" or "rejected" ? outcome : "undecided")}" dir="auto">{line}</p>""");
}
