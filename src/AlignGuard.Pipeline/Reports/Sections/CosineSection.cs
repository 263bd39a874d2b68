using AlignGuard.Pipeline.Reports.Charts;
using AlignGuard.Pipeline.Reports.Markup;

namespace AlignGuard.Pipeline.Reports.Sections;

/// <summary>Cosine of the two parts of the update, under both metrics.</summary>
internal static class CosineSection
{
    // Rounding errors must not fill a chart.
    private static readonly double[] Least = [-0.05, 0.05];

    public static Html Render(IReadOnlyList<LabelledRun> runs)
    {
        if (runs.All(r => r.Run.Cosines.Count == 0)) return Html.Empty;
        return Html.Of($"""
            <p>The Euclidean cosine is identically 0 for an exact orthogonal projector (two-sided, left, random), since P = Pᵀ = P² gives ⟨P dW, (I−P) dW⟩ = ⟨dW, P(I−P) dW⟩ = 0: it is algebra, not a result, and only the Fisher-diagonal metric, which does not commute with P, or the soft projector has anything to show.</p>
            <div class="charts">
            {Lines("Fisher-diagonal metric", runs, c => c.FisherDiagonal)}
            {Lines("Euclidean metric", runs, c => c.Euclidean)}
            </div>
            {runs.Where(r => r.First && r.Run.Cosines.Count > 0).Select(Table)}
            """);
    }

    private static Html Lines(string metric, IReadOnlyList<LabelledRun> runs, Func<CosinePoint, double> of) =>
        RunChart.Render(new Chart
        {
            Title = $"Cosine of dW_A and dW_T, {metric}", Quantity = "mean over layers", Band = "least to greatest", MustShow = Least,
            Series = RunChart.Series(runs, r => [.. r.Cosines.GroupBy(c => c.Step).OrderBy(g => g.Key).Select(g => LayerSummary.Of(g.Key, g.Select(of)))]),
        });

    private static Html Table(LabelledRun run)
    {
        var step = run.Run.Cosines.Max(c => c.Step);
        var rows = run.Run.Cosines.Where(c => c.Step == step)
            .Select(c => Html.Of($"""<tr><th>{c.Layer}</th><td class="n">{Numbers.Short(c.FisherDiagonal)}</td><td class="n">{Numbers.Short(c.Euclidean)}</td></tr>"""));
        return Html.Of($"""
            <details><summary>{run.Name}: every layer at step {step}</summary><div class="wide"><table><thead><tr><th>Layer</th><th class="n">Fisher-diagonal</th><th class="n">Euclidean</th></tr></thead><tbody>{rows}</tbody></table></div></details>

            """);
    }
}
