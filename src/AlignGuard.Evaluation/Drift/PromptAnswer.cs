using AlignGuard.Evaluation.Judging;

namespace AlignGuard.Evaluation.Drift;

/// <summary>A model's answer to a prompt, as the judge read it.</summary>
public sealed record PromptAnswer(string Id, string Category, bool Unsafe, string Prompt, string Answer, Verdict Verdict);
