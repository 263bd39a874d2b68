using AlignGuard.Pipeline.Reports.Charts;
using AlignGuard.Pipeline.Reports.Markup;

namespace AlignGuard.Pipeline.Reports.Sections;

/// <summary>Loss, penalty terms and gradient norm over the steps.</summary>
internal static class TrainingSection
{
    private const int MostPoints = 75;

    public static Html Render(IReadOnlyList<LabelledRun> runs)
    {
        var longest = runs.Max(r => r.Run.Steps.Count);
        if (longest == 0) return Html.Empty;
        var bucket = Thinning.Bucket(longest, MostPoints);
        var thinned = bucket > 1 ? $"Means over {bucket} steps. " : "";
        return Html.Of($"""
            <p class="muted">{thinned}Penalty terms are sums over the layers before their λ; methods without a guard have none.{DriftSection.SeedNote(runs)}</p>
            <div class="charts">
            {Lines("Task loss", "nats per response token", runs, s => s.Loss, penalty: false)}
            {Lines("Gradient norm", "before clipping", runs, s => s.GradientNorm, penalty: false)}
            {Lines("Alignment penalty", "Σ ‖F^½ dW_A‖²", runs, s => s.Alignment)}
            {Lines("Task-stability penalty", "Σ ‖H^½ dW_T‖²", runs, s => s.Stability)}
            {Lines("Collision penalty, Riemannian overlap", "Σ E_RM", runs, s => s.Riemannian)}
            {Lines("Collision penalty, geodesic overlap", "Σ E_geo", runs, s => s.Geodesic)}
            </div>
            """);
    }

    private static Html Lines(string title, string quantity, IReadOnlyList<LabelledRun> runs, Func<StepPoint, double> of, bool penalty = true) =>
        RunChart.Render(new Chart
        {
            Title = title, Quantity = quantity, LogarithmicIfWide = true, MustShow = [0], Band = "least to greatest",
            Series = RunChart.Series(runs, r => Points(r, of, penalty)),
        });

    private static IReadOnlyList<ChartPoint> Points(RunReport run, Func<StepPoint, double> of, bool penalty) =>
        // A run without a guard reports zeros: a flat line would look like a measurement.
        penalty && run.Steps.All(s => of(s) == 0 || !double.IsFinite(of(s)))
            ? []
            : Thinning.Thin([.. run.Steps.Select(s => new ChartPoint(s.Step, of(s)))], MostPoints);
}
