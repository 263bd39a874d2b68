using System.Security.Cryptography;
using AlignGuard.Domain.Statistics;

namespace AlignGuard.Evaluation.Judging.Classifier;

/// <summary>
/// The three classifiers that ship with the product, as they were trained: <c>verdict.json</c>, <c>toxicity.json</c> and <c>request.json</c>. Trained once and kept, not at every start: rounding differs
/// between processors, and a version of a judge is to read the same everywhere.
/// </summary>
public sealed class BuiltInClassifiers
{
    public static readonly IReadOnlyList<string> Names = ["verdict", "toxicity", "request"];

    private static readonly Lazy<BuiltInClassifiers> Instance = new(() => new BuiltInClassifiers());

    // Each is read when it is asked for: most jobs ask for that of requests alone.
    private readonly IReadOnlyDictionary<string, Lazy<TextClassifier>> loaded;

    private BuiltInClassifiers()
    {
        var files = Names.Select(Bytes).ToList();
        Version = Convert.ToHexStringLower(SHA256.HashData([.. files.SelectMany(f => f)]))[..12];
        loaded = Names.Zip(files).ToDictionary(f => f.First, f => new Lazy<TextClassifier>(() => TextClassifier.Load(new MemoryStream(f.Second))));
    }

    public static BuiltInClassifiers Default => Instance.Value;

    /// <summary>The first twelve digits of the files' sha-256.</summary>
    public string Version { get; }

    public TextClassifier Verdict => loaded["verdict"].Value;

    public TextClassifier Toxicity => loaded["toxicity"].Value;

    public TextClassifier Request => loaded["request"].Value;

    /// <summary>Trains all three anew, by name.</summary>
    public static IReadOnlyDictionary<string, TextClassifier> Train(TrainingPart part)
    {
        var text = TrainingText.Of(part);
        return new Dictionary<string, TextClassifier>
        {
            ["verdict"] = TextClassifier.Train(text.Answers()),
            ["toxicity"] = TextClassifier.Train(text.Statements()),
            ["request"] = TextClassifier.Train(text.Requests()),
        };
    }

    /// <summary>Share of the held-out rows that a classifier of this name, trained without their phrases, reads right; with Wilson's 95 % interval.</summary>
    public static Estimate HeldOutAccuracy(string name, TextClassifier classifier)
    {
        var text = TrainingText.Of(TrainingPart.HeldOut);
        var rows = name switch { "verdict" => text.Answers(), "toxicity" => text.Statements(), _ => text.Requests() };
        var right = rows.Zip(classifier.Read(rows.Select(r => r.Text))).Count(p => classifier.Likeliest(p.Second) == p.First.Label);
        return Wilson.Interval(right, rows.Count, 0.95);
    }

    private static byte[] Bytes(string name)
    {
        using var stream = typeof(BuiltInClassifiers).Assembly.GetManifestResourceStream($"{name}.json")
            ?? throw new InvalidOperationException($"The embedded resource {name}.json is missing from AlignGuard.Evaluation.");
        var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
