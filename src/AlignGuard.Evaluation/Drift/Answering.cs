using AlignGuard.Evaluation.Judging;
using AlignGuard.Evaluation.Prompts;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Generation;

namespace AlignGuard.Evaluation.Drift;

/// <summary>Generates (greedily unless told otherwise) and judges.</summary>
public static class Answering
{
    public static IReadOnlyList<PromptAnswer> Run(ChatModel model, IReadOnlyList<Prompt> prompts, GenerationOptions options)
    {
        var answers = model.Answer([.. prompts.Select(p => p.Text)], options);
        return [.. prompts.Select((p, n) => new PromptAnswer(p.Id, p.Category, p.Unsafe, p.Text, answers[n], Judge.Read(p, answers[n]).Verdict))];
    }
}
