using AlignGuard.Domain.Drift;

namespace AlignGuard.Evaluation.Drift;

/// <summary>What judges read besides the verdict that decides, put side by side.</summary>
public static class SecondReadings
{
    /// <summary>Toxicity before and after, of prompts whose answers were read for it on both sides.</summary>
    public static IReadOnlyList<PairedToxicity> Toxicity(IEnumerable<AnswerPair> pairs) =>
        [.. pairs.Where(p => p is { Before.Toxicity: not null, After.Toxicity: not null }).Select(p => new PairedToxicity(p.Before.Category, p.Before.Toxicity!.Value, p.After.Toxicity!.Value))];

    /// <summary>How far each other judge agrees with the one that decides, before and after; empty where none has an opinion.</summary>
    public static IReadOnlyList<JudgeAgreement> Agreement(IReadOnlyList<AnswerPair> pairs, double confidence) =>
        JudgeAgreementModule.Of(Opinions(pairs.Select(p => p.Before)), Opinions(pairs.Select(p => p.After)), confidence);

    private static List<Opinion> Opinions(IEnumerable<PromptAnswer> answers) =>
        [.. answers.SelectMany(a => (a.Opinions ?? new Dictionary<string, Judging.Verdict>()).Select(o => new Opinion(o.Key, AnswerPair.Of(a.Verdict), AnswerPair.Of(o.Value))))];
}
