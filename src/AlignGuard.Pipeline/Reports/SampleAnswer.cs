using AlignGuard.Evaluation.Judging;

namespace AlignGuard.Pipeline.Reports;

/// <summary>One prompt with both models' answers, as the judge read them.</summary>
public sealed record SampleAnswer(
    string Prompt, string Category, bool Unsafe, string BaseAnswer, Verdict BaseVerdict, string TunedAnswer, Verdict TunedVerdict);
