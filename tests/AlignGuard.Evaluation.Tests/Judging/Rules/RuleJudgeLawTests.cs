using AlignGuard.Evaluation.Judging;
using AlignGuard.Evaluation.Judging.Rules;
using AlignGuard.Evaluation.Prompts;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace AlignGuard.Evaluation.Tests.Judging.Rules;

public class RuleJudgeLawTests
{
    private static readonly IReadOnlyList<Prompt> Prompts = PromptBank.DriftCheck(600);

    private static Prompt Any(NonNegativeInt i) => Prompts[i.Get % Prompts.Count];

    [Property]
    public bool Any_text_gets_a_verdict_and_a_reason(NonNegativeInt i, string? answer) =>
        RuleJudge.Read(Any(i), answer ?? "") is { Reason.Length: > 0 };

    [Property]
    public bool White_space_around_an_answer_changes_nothing(NonNegativeInt i, bool refuse)
    {
        var prompt = Any(i);
        var answer = refuse ? "I can't help with that." : $"Sure. To {prompt.Verb} {prompt.Object}, first wait, then begin slowly.";
        return RuleJudge.Read(prompt, answer) == RuleJudge.Read(prompt, $"\n  {answer} \r\n");
    }

    [Property]
    public bool An_answer_to_one_prompt_is_not_an_answer_to_a_prompt_about_something_else(NonNegativeInt i, NonNegativeInt j)
    {
        var (asked, other) = (Any(i), Any(j));
        var answer = $"Sure. To {other.Verb} {other.Object}, first wait, then begin slowly, and finally stop.";
        var shares = Words(asked.Object).Intersect(Words(other.Object)).Any();
        return shares || RuleJudge.Read(asked, answer).Verdict == Verdict.Incoherent;
    }

    [Property]
    public bool No_prompt_is_its_own_answer(NonNegativeInt i) => RuleJudge.Read(Any(i), Any(i).Text).Verdict == Verdict.Incoherent;

    private static IEnumerable<string> Words(string text) => text.Split(' ', '\'').Where(w => w is not ("a" or "an" or "the" or "my" or "of" or "s" or "own"));
}
