using AlignGuard.Evaluation.Judging.Rules;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;
using Microsoft.ML.Transforms;

namespace AlignGuard.Evaluation.Judging.Classifier;

/// <summary>A text with what it is.</summary>
public sealed record LabelledText(string Text, string Label);

/// <summary>Multinomial logistic regression on hashed stems and pairs of them: small, fast, and explained by its weights.</summary>
public sealed class TextClassifier
{
    // 32,768 slots: collisions are rare among the few thousand stems and pairs of the training text.
    private const int HashBits = 15;

    // Enough to leave out words that occur by chance; with less of it the weights of rare words grow without end.
    private const float L1 = 0.02f, L2 = 0.2f;

    private static readonly MLContext Context = new(seed: 1);

    // Hashing and scaling learn nothing from rows.
    private static readonly Lazy<ITransformer> Features = new(() => FeaturePipeline().Fit(Data([])));

    private readonly LinearWeights weights;

    private TextClassifier(LinearWeights weights) => this.weights = weights;

    /// <summary>In the order of the probabilities.</summary>
    public IReadOnlyList<string> Labels => weights.Labels;

    /// <summary>One thread, so that the same rows give the same weights.</summary>
    public static TextClassifier Train(IReadOnlyList<LabelledText> rows)
    {
        var context = new MLContext(seed: 1);
        string[] labels = [.. rows.Select(r => r.Label).Distinct().Order(StringComparer.Ordinal)];
        var data = context.Data.LoadFromEnumerable(rows.Select(r => new Row { Text = Prepared(r.Text), Label = r.Label }));
        var model = context.Transforms.Conversion.MapValueToKey(nameof(Row.Label), keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue)
            .Append(FeaturePipeline())
            .Append(context.MulticlassClassification.Trainers.LbfgsMaximumEntropy(new LbfgsMaximumEntropyMulticlassTrainer.Options
            {
                L1Regularization = L1, L2Regularization = L2, NumberOfThreads = 1,
            }))
            .Fit(data);
        var parameters = model.LastTransformer.Model;
        VBuffer<float>[]? columns = null;
        parameters.GetWeights(ref columns!, out _);
        return new TextClassifier(LinearWeights.Of(labels, [.. parameters.GetBiases()], [.. columns.Select(c => c.DenseValues().ToArray())]));
    }

    public static TextClassifier Load(Stream file) => new(LinearWeights.Load(file));

    public void Save(Stream file) => weights.Save(file);

    /// <summary>Probabilities of <see cref="Labels"/>, a row each; a text's do not depend on those beside it.</summary>
    public IReadOnlyList<float[]> Read(IEnumerable<string> texts) =>
        [.. Features.Value.Transform(Data(texts.Select(t => new Row { Text = Prepared(t) }))).GetColumn<VBuffer<float>>("Features").Select(f => weights.Probabilities(f.Items()))];

    /// <summary>Where a label stands among the probabilities.</summary>
    public int IndexOf(string label) => Enumerable.Range(0, Labels.Count).First(n => Labels[n] == label);

    /// <summary>The label of the highest probability.</summary>
    public string Likeliest(float[] probabilities) => Labels[Array.IndexOf(probabilities, probabilities.Max())];

    private static EstimatorChain<LpNormNormalizingTransformer> FeaturePipeline() =>
        new EstimatorChain<ITransformer>()
            .Append(Context.Transforms.Text.ProduceHashedWordBags("Features", nameof(Row.Text), numberOfBits: HashBits, ngramLength: 2))
            .Append(Context.Transforms.NormalizeLpNorm("Features"));

    private static IDataView Data(IEnumerable<Row> rows) => Context.Data.LoadFromEnumerable(rows);

    /// <summary>Stems, marks left out: what is hashed is stems and their neighbours.</summary>
    private static string Prepared(string text) => string.Join(' ', AnswerText.Words(AnswerText.Normalise(text)).Select(AnswerText.Stem));

    private sealed class Row
    {
        public string Text { get; init; } = "";
        public string Label { get; init; } = "";
    }
}
