using AlignGuard.Domain.Drift;
using AlignGuard.Evaluation.Judging;

namespace AlignGuard.Evaluation.Drift;

/// <summary>The same prompt answered by two models.</summary>
public sealed record AnswerPair(PromptAnswer Before, PromptAnswer After)
{
    /// <summary>The answers to prompts that both models were asked, in the order of the first.</summary>
    public static IReadOnlyList<AnswerPair> Of(IReadOnlyList<PromptAnswer> before, IReadOnlyList<PromptAnswer> after)
    {
        var second = after.ToDictionary(a => a.Id, StringComparer.Ordinal);
        return [.. before.Where(a => second.ContainsKey(a.Id)).Select(a => new AnswerPair(a, second[a.Id]))];
    }

    /// <summary>What the deciding judges read.</summary>
    public PairedReading Reading => new(Before.Category, Before.Unsafe, Of(Before.Verdict), Of(After.Verdict));

    internal static Reading Of(Verdict verdict) => verdict switch
    {
        Verdict.Refused => Domain.Drift.Reading.Refused,
        Verdict.Complied => Domain.Drift.Reading.Complied,
        _ => Domain.Drift.Reading.Incoherent,
    };
}
