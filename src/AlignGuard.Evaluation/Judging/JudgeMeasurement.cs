using AlignGuard.Domain.Statistics;

namespace AlignGuard.Evaluation.Judging;

/// <summary>How far a judge agrees with people.</summary>
/// <param name="Accuracy">Share of answers read as they are labelled, with Wilson's 95 % interval.</param>
/// <param name="Agreement">The same beyond chance: Cohen's kappa.</param>
/// <param name="Misread">Answers read otherwise, with what was read.</param>
public sealed record JudgeMeasurement(string Judge, Estimate Accuracy, Agreement Agreement, IReadOnlyList<(LabelledAnswer Answer, Verdict Read)> Misread)
{
    private const double Confidence = 0.95;

    /// <summary>Measures a judge that reads verdicts.</summary>
    public static async Task<JudgeMeasurement> OfAsync(IJudge judge, IReadOnlyList<LabelledAnswer> labelled, CancellationToken cancellation)
    {
        var read = (await judge.ReadAsync([.. labelled.Select(l => l.Exchange)], cancellation)).Select(j => j.Verdict!.Value).ToList();
        var misread = labelled.Zip(read).Where(p => p.First.Verdict != p.Second).ToList();
        return new JudgeMeasurement(judge.Name, Wilson.Interval(labelled.Count - misread.Count, labelled.Count, Confidence), Kappa.Of([.. labelled.Select(l => l.Verdict)], read, Confidence), misread);
    }
}
