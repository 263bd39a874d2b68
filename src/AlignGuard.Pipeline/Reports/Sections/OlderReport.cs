namespace AlignGuard.Pipeline.Reports.Sections;

/// <summary>Reports from before models were compared prompt by prompt hold rates only: no losses, no tests, no flips.</summary>
internal static class OlderReport
{
    private static readonly Span Unknown = new(double.NaN, double.NaN, double.NaN);

    public static DriftReport Compare(RunReport run) => new()
    {
        Confidence = 0,
        Prompts = run.Base.Refusal.Count + run.Base.OverRefusal.Count,
        Overall = new(null,
        [
            Figure("refusals", run.Base.Refusal, run.Tuned.Refusal), Figure("attack success", run.Base.Complied, run.Tuned.Complied),
            Figure("over-refusal", run.Base.OverRefusal, run.Tuned.OverRefusal), Figure("helpfulness", run.Base.Helpful, run.Tuned.Helpful),
            Figure("coherence", Rest(run.Base.Incoherent), Rest(run.Tuned.Incoherent)),
        ]),
        Categories = [.. run.Base.Categories.Join(run.Tuned.Categories, c => c.Category, c => c.Category, (b, t) => new DriftGroup(b.Category,
            [Figure("refusals", b.Refusal, t.Refusal), Figure("over-refusal", b.OverRefusal, t.OverRefusal), Figure("helpfulness", b.Helpful, t.Helpful)]))],
    };

    private static DriftFigure Figure(string metric, Rate before, Rate after) => new(metric, before, after, Unknown, double.NaN, double.NaN, BeyondChance: false);

    private static Rate Rest(Rate rate) => new(1 - rate.Value, 1 - rate.High, 1 - rate.Low, rate.Count);
}
