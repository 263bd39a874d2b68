using AlignGuard.Evaluation.Judging;
using AlignGuard.Evaluation.Prompts;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Generation;

namespace AlignGuard.Evaluation.Drift;

/// <summary>Generates (greedily unless told otherwise) and judges.</summary>
public static class Answering
{
    public static Task<IReadOnlyList<PromptAnswer>> RunAsync(ChatModel model, IReadOnlyList<Prompt> prompts, JudgePanel judges, GenerationOptions options) =>
        judges.ReadAsync(prompts, model.Answer([.. prompts.Select(p => p.Text)], options), options.Cancellation);
}
