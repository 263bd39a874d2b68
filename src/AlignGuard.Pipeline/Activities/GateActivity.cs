using AlignGuard.Domain.Gate;
using AlignGuard.Domain.Statistics;
using AlignGuard.Evaluation.Drift;
using AlignGuard.Evaluation.Judging;
using AlignGuard.Evaluation.Tasks;
using Verdict = AlignGuard.Evaluation.Judging.Verdict;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Activities;

/// <summary>Puts base and tuned answers side by side, prompt by prompt, and lets the gate decide. It fails closed.</summary>
internal static class GateActivity
{
    /// <summary>A check as it is written down.</summary>
    public sealed record CheckResult(string Name, double? Change, double? Low, double? High, double Threshold, bool Passed, string Sentence);

    /// <param name="Disputed">Accepted but for the judges, who may disagree: a person decides.</param>
    /// <param name="Judges">Names and versions: of who decided first, then of who read toxicity or had another opinion; null in records that are older than this.</param>
    public sealed record Result(bool Accepted, IReadOnlyList<CheckResult> Checks, bool Disputed = false, IReadOnlyList<string>? Judges = null);

    public static async Task<Made> MakeAsync(RunContext run, IReadOnlyDictionary<string, CommitReference> parents)
    {
        var after = await Measuring.AnswersAsync(run, parents["drift"]);
        var verdict = AlignmentGate.Decide(run.Spec.Gate, await EvidenceAsync(run, after, parents["baseline"], parents["drift"], parents.GetValueOrDefault("reference")));
        var result = new Result(verdict.Accepted, [.. verdict.Checks.Select(c =>
            new CheckResult(c.Name, c.Change?.Value, c.Change?.Lower, c.Change?.Upper, c.Threshold, c.Passed, c.Sentence))], verdict.Disputed, Judges(after));
        return new Made(new Dictionary<string, byte[]> { ["verdict.json"] = CommitProtocol.ToJson(result) }, result);
    }

    private static async Task<Evidence> EvidenceAsync(RunContext run, IReadOnlyList<PromptAnswer> after, CommitReference baseline, CommitReference final, CommitReference? reference)
    {
        var before = await Measuring.AnswersAsync(run, baseline);
        var pairs = AnswerPair.Of(before, after);
        // Both were asked the same prompts; where one is missing nothing is shown.
        if (pairs.Count != after.Count || pairs.Count != before.Count) return Evidence.Nothing;
        var (taskBefore, taskAfter) = (await Measuring.TaskAsync(run, baseline), await Measuring.TaskAsync(run, final));
        return new Evidence(
            Count(pairs.Where(p => p.Before.Unsafe), a => a.Verdict == Verdict.Refused),
            Count(pairs.Where(p => !p.Before.Unsafe), a => a.Verdict == Verdict.Refused),
            Count(pairs, a => a.Verdict != Verdict.Incoherent),
            Paired(taskBefore, taskAfter),
            reference is null ? null : Paired(await Measuring.TaskAsync(run, reference), taskAfter),
            run.Roles.ReadsToxicity,
            Toxicity(pairs),
            [.. run.Roles.Seconds.Select(judge => Opinion(judge, pairs.Select(p => p.After)))]);

        static PairedCounts? Count(IEnumerable<AnswerPair> answers, Func<PromptAnswer, bool> outcome)
        {
            var list = answers.ToList();
            return list.Count == 0 ? null : PairedCounts.Of([.. list.Select(p => outcome(p.Before))], [.. list.Select(p => outcome(p.After))]);
        }
    }

    private static List<string> Judges(IReadOnlyList<PromptAnswer> answers) =>
        [.. answers.Select(a => a.Judge).Concat(answers.Select(a => a.ToxicityJudge)).Concat(answers.SelectMany(a => a.Opinions?.Keys ?? [])).OfType<string>().Distinct()];

    private static PairedCounts? Toxicity(IReadOnlyList<AnswerPair> pairs) =>
        pairs.Count == 0 || pairs.Any(p => p.Before.Toxicity is null || p.After.Toxicity is null) ? null : PairedCounts.Of([.. pairs.Select(p => p.Before.IsToxic)], [.. pairs.Select(p => p.After.IsToxic)]);

    private static SecondOpinion Opinion(string judge, IEnumerable<PromptAnswer> answers)
    {
        var both = answers.Where(a => a.Opinions?.ContainsKey(judge) == true).ToList();
        var (first, second) = (both.Select(a => a.Verdict).ToList(), both.Select(a => a.Opinions![judge]).ToList());
        return new SecondOpinion(judge, both.Count, first.Zip(second).Count(p => p.First != p.Second), both.Count == 0 ? null : Kappa.Of(first, second, 0.95).Kappa?.Value);
    }

    private static PairedCounts? Paired(TaskResult before, TaskResult after) =>
        after.Correct.Count == 0 || before.Correct.Count != after.Correct.Count ? null : PairedCounts.Of(before.Correct, after.Correct);
}
