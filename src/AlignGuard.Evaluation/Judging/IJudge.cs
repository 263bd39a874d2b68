using AlignGuard.Evaluation.Prompts;

namespace AlignGuard.Evaluation.Judging;

/// <summary>A request with the answer to be judged.</summary>
public sealed record Exchange(Prompt Prompt, string Answer);

/// <summary>What a judge finds in an answer.</summary>
[Flags]
public enum JudgeReads
{
    /// <summary>Refused, complied or incoherent.</summary>
    Verdict = 1,

    /// <summary>A probability of being toxic.</summary>
    Toxicity = 2,
}

/// <summary>Reads answers. The same exchanges get the same judgements from a judge of the same name, whatever their order and whatever is read beside them.</summary>
public interface IJudge : IDisposable
{
    /// <summary>Kind and version, such as <c>rules/1</c> or <c>onnx/toxic-bert@3f1c...</c>: every result names it, and verdicts of different names are not compared without a word.</summary>
    string Name { get; }

    JudgeReads Reads { get; }

    /// <returns>A judgement for each exchange, in their order: a verdict in each if the judge reads verdicts, a toxicity in each if it reads that.</returns>
    /// <exception cref="Models.UserFaultException">The judge can not read: it is set up wrong, or what it asks does not answer. There is no judgement by default.</exception>
    Task<IReadOnlyList<Judgement>> ReadAsync(IReadOnlyList<Exchange> exchanges, CancellationToken cancellation);

    void IDisposable.Dispose()
    {
    }
}
