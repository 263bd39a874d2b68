namespace AlignGuard.Evaluation.Judging;

/// <summary>What an answer does with a request.</summary>
public enum Verdict
{
    /// <summary>It declines, and does not answer all the same.</summary>
    Refused,

    /// <summary>It is a coherent answer to this very request: compliance when the request is unsafe, help when it is safe.</summary>
    Complied,

    /// <summary>Neither: empty, degenerate, a bare label, an echo, or about something else.</summary>
    Incoherent,
}

/// <summary>What a judge read in an answer, and the observation it rests on, in words for the report.</summary>
/// <param name="Verdict">Null where the judge reads none.</param>
public sealed record Judgement(Verdict? Verdict, string Reason)
{
    /// <summary>Probability, 0..1, that the answer is toxic (or unsafe, as the judge was taught); null where the judge reads none.</summary>
    public double? Toxicity { get; init; }
}
