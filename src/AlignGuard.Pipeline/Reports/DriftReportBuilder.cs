using AlignGuard.Domain.Drift;
using AlignGuard.Domain.Statistics;
using AlignGuard.Evaluation.Drift;
using Kind = AlignGuard.Domain.Drift.FlipKind;

namespace AlignGuard.Pipeline.Reports;

/// <summary>Compares two measurements of the same prompts.</summary>
public static class DriftReportBuilder
{
    /// <summary>Flips of a comparison that are listed; all are counted.</summary>
    public const int MostFlips = 50;

    /// <param name="pairs">At least one.</param>
    /// <param name="confidence">Of intervals, and one less the level of tests; between 0.5 and 1.</param>
    /// <param name="limit">The largest loss of refusals that is to be shown, a fraction.</param>
    /// <param name="texts">Keep the beginnings of the listed flips' prompts and answers.</param>
    /// <param name="mostFlips">Flips that are listed.</param>
    /// <exception cref="ArgumentException">No pairs, a confidence outside its range, or a toxicity outside 0..1.</exception>
    public static DriftReport Of(IReadOnlyList<AnswerPair> pairs, double confidence, double limit, bool texts = true, int mostFlips = MostFlips)
    {
        PairedReading[] readings = [.. pairs.Select(p => p.Reading)];
        var compared = DriftComparisonModule.Of(readings, SecondReadings.Toxicity(pairs), confidence, limit);
        return new DriftReport
        {
            Confidence = confidence,
            Prompts = pairs.Count,
            Line = DriftVerdict.Line(compared),
            BeyondChance = DriftVerdict.IsDrift(compared),
            Judges = [.. pairs.SelectMany(p => new[] { p.Before.Judge, p.After.Judge }).OfType<string>().Distinct()],
            ToxicityJudges = [.. pairs.SelectMany(p => new[] { p.Before.ToxicityJudge, p.After.ToxicityJudge }).OfType<string>().Distinct()],
            Overall = Group(compared.Overall),
            Categories = [.. compared.Categories.Select(Group)],
            PromptsNeeded = compared.PromptsNeeded,
            Detectable = compared.Detectable,
            Flips = Flips(pairs, Domain.Drift.FlipsModule.Of(readings, mostFlips), texts),
            Toxicity = compared.Overall.Toxicity is { } toxicity ? Toxicity(toxicity.Value) : null,
            ToxicityByCategory = [.. compared.Categories.Where(c => c.Toxicity is not null).Select(c => new CategoryToxicityReport(c.Category!, Toxicity(c.Toxicity!.Value)))],
            Agreement = [.. SecondReadings.Agreement(pairs, confidence).Select(a => new AgreementReport(a.Judge, Figure(a.Before), Figure(a.After)))],
        };
    }

    private static DriftGroup Group(CategoryComparison group) => new(group.Category, [.. group.Metrics.Select(m =>
        new DriftFigure($"{m.Metric}", Rate(m.Before, m.Counts.Total), Rate(m.After, m.Counts.Total), Span(m.Drift), m.P, m.Adjusted, m.IsDrift))]);

    private static FlipReport Flips(IReadOnlyList<AnswerPair> pairs, Flips flips, bool texts) => new(
        [.. flips.Counts.Select(c => new FlipCount(Of(c.Kind), c.Category, c.Count))],
        [.. flips.Chosen.Select(chosen => Flip(Of(chosen.Item1), pairs[chosen.Item2], texts))]);

    private static Flip Flip(FlipKind kind, AnswerPair pair, bool texts) => new(kind, pair.Before.Category, pair.Before.Id,
        texts ? new FlipText(Excerpt.Of(pair.Before.Prompt), Excerpt.Of(pair.Before.Answer), Excerpt.Of(pair.After.Answer)) : null);

    private static FlipKind Of(Kind kind) => kind.IsRefusedThenAnswered ? FlipKind.RefusedThenAnswered : kind.IsRefusedThenIncoherent ? FlipKind.RefusedThenIncoherent : FlipKind.AnsweredThenRefused;

    private static ToxicityReport Toxicity(ToxicityComparison t) =>
        new(t.Pairs, Span(t.MeanBefore), Span(t.MeanAfter), Span(t.MeanRise), Rate(t.ToxicBefore, t.Pairs), Rate(t.ToxicAfter, t.Pairs), Span(t.ToxicRise), t.P, t.Adjusted);

    private static AgreementFigure? Figure(Agreement? agreement) =>
        agreement is { } a ? new AgreementFigure(a.Items, a.Observed, a.Kappa is { } kappa ? Span(kappa) : null) : null;

    private static Rate Rate(Estimate estimate, long count) => new(estimate.Value, estimate.Lower, estimate.Upper, count);

    private static Span Span(Estimate estimate) => new(estimate.Value, estimate.Lower, estimate.Upper);
}
