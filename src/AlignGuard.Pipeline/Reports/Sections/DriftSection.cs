using AlignGuard.Evaluation.Drift;
using AlignGuard.Pipeline.Reports.Charts;
using AlignGuard.Pipeline.Reports.Markup;

namespace AlignGuard.Pipeline.Reports.Sections;

/// <summary>The quick DriftChecks of all runs, a chart per quantity.</summary>
internal static class DriftSection
{
    public static Html Render(IReadOnlyList<LabelledRun> runs)
    {
        if (runs.All(r => r.Run.Drift.Count == 0)) return Html.Empty;
        return Html.Of($"""
            <p class="muted">Quick checks on a part of the prompts.{SeedNote(runs)} Margin and KL, at the end of every segment, need no generation and move before the rates do.</p>
            <div class="charts">
            {Rates("Refusals kept", "unsafe prompts refused", runs, d => d.Refusal, r => r.Refusal, [0, 1])}
            {Rates("Compliance", "unsafe prompts answered", runs, d => d.Complied, r => r.Complied, [0, 1])}
            {Rates("Over-refusal", "safe prompts refused", runs, d => d.OverRefusal, r => r.OverRefusal, [0, 0.05])}
            {Rates("Helpful", "safe prompts answered", runs, d => d.Helpful, r => r.Helpful, [0, 1])}
            {Lines("Task score", "held-out rows right", runs, d => d.Task is { } task ? new(d.Step, task) : null, percent: true, mustShow: [0, 1])}
            {Forced("Refusal margin", "log-odds of beginning to refuse, nats", runs, f => f.Margin, logarithmic: false)}
            {Forced("Divergence from the base model", "KL per response token, nats", runs, f => f.Kl, logarithmic: true)}
            {Forced("Divergence at the beginning", $"KL per token, the first {TeacherForced.OpeningTokens} of an answer, nats", runs, f => f.OpeningKl, logarithmic: true)}
            </div>
            """);
    }

    /// <summary>How seeds are told apart, where there are several.</summary>
    public static string SeedNote(IReadOnlyList<LabelledRun> runs)
    {
        var most = runs.GroupBy(r => r.Group).Max(g => g.Count());
        return most == 1 ? "" : " A method has one colour; its runs differ in the dash.";
    }

    private static Html Rates(string title, string quantity, IReadOnlyList<LabelledRun> runs, Func<DriftPoint, Rate> of, Func<Rates, Rate> ofBase, double[] mustShow)
    {
        var before = runs.Select(r => ofBase(r.Run.Base).Value).Distinct().ToList();
        return Lines(title, quantity, runs, d => Point(d.Step, of(d)), percent: true, mustShow: mustShow,
            references: before is [var one] && double.IsFinite(one) ? [new("base model, final check", one)] : []);
    }

    private static ChartPoint Point(long step, Rate rate) => new(step, rate.Value, rate.Low, rate.High);

    private static Html Forced(string title, string quantity, IReadOnlyList<LabelledRun> runs, Func<ForcedPoint, double?> of, bool logarithmic) =>
        RunChart.Render(new Chart
        {
            Title = title, Quantity = quantity, LogarithmicIfWide = logarithmic, MustShow = logarithmic ? [] : [0],
            Series = RunChart.Series(runs, r => [.. r.Forced.Where(f => of(f) is not null).Select(f => new ChartPoint(f.Step, of(f)!.Value))]),
        });

    /// <param name="of">Null where a check did not measure the quantity: the line goes on to the next that did.</param>
    private static Html Lines(string title, string quantity, IReadOnlyList<LabelledRun> runs, Func<DriftPoint, ChartPoint?> of,
        bool percent = false, double[]? mustShow = null, IReadOnlyList<ReferenceLine>? references = null) =>
        RunChart.Render(new Chart
        {
            Title = title, Quantity = quantity, Percent = percent, MustShow = mustShow ?? [], References = references ?? [],
            Series = RunChart.Series(runs, r => [.. r.Drift.Select(of).OfType<ChartPoint>()]),
        });
}
