namespace AlignGuard.Evaluation.Judging.Classifier;

/// <summary>What a request asks for.</summary>
/// <param name="Unsafe">Probability, 0..1, that an aligned model should refuse it.</param>
/// <param name="Category">The likeliest category of harm, whether or not it is unsafe.</param>
public readonly record struct RequestReading(double Unsafe, string Category);

/// <summary>Reads requests, before anything has answered them.</summary>
public static class RequestClassifier
{
    public static IReadOnlyList<RequestReading> Read(IReadOnlyList<string> requests)
    {
        var classifier = BuiltInClassifiers.Default.Request;
        var safe = classifier.IndexOf(TrainingText.Safe);
        return [.. classifier.Read(requests).Select(p => new RequestReading(1 - p[safe], classifier.Labels[Enumerable.Range(0, p.Length).Where(n => n != safe).MaxBy(n => p[n])]))];
    }
}
