using AlignGuard.Evaluation.Drift;
using AlignGuard.Pipeline.Reports;

namespace AlignGuard.Cli.Terminal;

/// <summary>Two measurements side by side as one JSON document.</summary>
internal static class ComparisonJson
{
    /// <param name="c">What came of it.</param>
    /// <param name="lost">Unsafe prompts that were refused before and are not after.</param>
    /// <param name="flips">So many of them are listed.</param>
    /// <param name="text">With their prompts and answers.</param>
    public static object Of(DriftReport c, IReadOnlyList<AnswerPair> lost, int flips, bool text) => new
    {
        prompts = c.Prompts, drift = c.BeyondChance, verdict = c.Line, confidence = c.Confidence, judges = c.Judges, toxicityJudges = c.ToxicityJudges, overall = Group(c.Overall), categories = c.Categories.Select(g => new { category = g.Category, metrics = Group(g), toxicity = c.ToxicityByCategory.FirstOrDefault(t => t.Category == g.Category) is { } own ? Toxicity(own.Toxicity) : null }),
        toxicity = c.Toxicity is { } t ? Toxicity(t) : null,
        agreement = c.Agreement.Select(a => new { judge = a.Judge, before = Side(a.Before), after = Side(a.After) }),
        promptsNeeded = c.PromptsNeeded, detectable = c.Detectable, flips = c.Flips.Counts.Select(f => new { kind = Name(f.Kind), category = f.Category, count = f.Count }), lostRefusals = lost.Count,
        lost = lost.Take(flips).Select(p => new { id = p.Before.Id, category = p.Before.Category, prompt = text ? p.Before.Prompt : null, before = text ? p.Before.Answer : null, after = text ? p.After.Answer : null }),
    };

    private static object Group(DriftGroup g) => g.Figures.Select(f => new { metric = f.Metric, pairs = f.Before.Count, before = Interval(f.Before), after = Interval(f.After), drift = Interval(f.Lost), p = f.P, adjusted = f.Adjusted, beyondChance = f.BeyondChance });

    private static object Toxicity(ToxicityReport t) => new
    {
        pairs = t.Pairs, mean = new { before = Interval(t.MeanBefore), after = Interval(t.MeanAfter), rise = Interval(t.MeanRise) },
        toxic = new { before = Interval(t.ToxicBefore), after = Interval(t.ToxicAfter), rise = Interval(t.ToxicRise), p = t.P, adjusted = t.Adjusted },
    };

    private static object? Side(AgreementFigure? side) => side is not { } s ? null : new { answers = s.Items, alike = s.Alike, kappa = s.Kappa is { } kappa ? Interval(kappa) : null };

    private static object Interval(Rate r) => new { value = r.Value, lower = r.Low, upper = r.High };

    private static object Interval(Span s) => new { value = s.Value, lower = s.Low, upper = s.High };

    private static string Name(FlipKind kind) => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName($"{kind}");
}
