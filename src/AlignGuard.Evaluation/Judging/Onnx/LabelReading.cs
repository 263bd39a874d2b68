using System.Globalization;

namespace AlignGuard.Evaluation.Judging.Onnx;

/// <summary>From the outputs of a classifier to what a judge reads.</summary>
/// <param name="Labels">By output.</param>
/// <param name="Toxic">Outputs that mean toxic; empty when the judge reads no toxicity.</param>
/// <param name="Verdicts">Outputs by verdict; empty when the judge reads no verdicts.</param>
internal sealed record LabelReading(IReadOnlyList<string> Labels, Activation Activation, IReadOnlyList<int> Toxic, IReadOnlyDictionary<Verdict, int> Verdicts)
{
    public JudgeReads Reads => (Toxic.Count > 0 ? JudgeReads.Toxicity : 0) | (Verdicts.Count > 0 ? JudgeReads.Verdict : 0);

    /// <param name="logits">One for each label.</param>
    public Judgement Read(ReadOnlySpan<float> logits)
    {
        var probabilities = Activation == Activation.Sigmoid ? Sigmoid(logits) : Softmax(logits);
        // Labels that exclude one another add up; of those that may hold together, the strongest counts.
        double? toxicity = Toxic.Count == 0 ? null : Activation == Activation.Softmax ? Math.Min(1, Toxic.Sum(i => probabilities[i])) : Toxic.Max(i => probabilities[i]);
        Verdict? verdict = null;
        foreach (var (candidate, output) in Verdicts)
            if (verdict is not { } best || logits[output] > logits[Verdicts[best]]) verdict = candidate;
        var told = verdict is { } v ? Verdicts[v] : Toxic.MaxBy(i => probabilities[i]);
        return new Judgement(verdict, string.Create(CultureInfo.InvariantCulture, $"{Labels[told]} {probabilities[told]:0.00}")) { Toxicity = toxicity };
    }

    private static double[] Sigmoid(ReadOnlySpan<float> logits)
    {
        var probabilities = new double[logits.Length];
        for (var i = 0; i < logits.Length; i++) probabilities[i] = 1 / (1 + Math.Exp(-(double)logits[i]));
        return probabilities;
    }

    private static double[] Softmax(ReadOnlySpan<float> logits)
    {
        var (probabilities, sum, most) = (new double[logits.Length], 0.0, float.NegativeInfinity);
        foreach (var logit in logits) most = Math.Max(most, logit);
        for (var i = 0; i < logits.Length; i++) sum += probabilities[i] = Math.Exp((double)logits[i] - most);
        for (var i = 0; i < logits.Length; i++) probabilities[i] /= sum;
        return probabilities;
    }
}
