using AlignGuard.Evaluation.Judging.Rules;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;
using Microsoft.ML.Transforms;

namespace AlignGuard.Evaluation.Judging.Classifier;

/// <summary>A text with what it is.</summary>
public sealed record LabelledText(string Text, string Label);

/// <summary>Multinomial logistic regression on hashed words and pairs of words: small, fast, and explained by its weights.</summary>
public sealed class TextClassifier
{
    // 32,768 slots: collisions are rare among the few thousand words and pairs of the training text.
    private const int HashBits = 15;

    // Enough to leave out words that occur by chance; with less of it the weights of rare words grow without end.
    private const float L1 = 0.02f, L2 = 0.2f;

    private readonly MLContext context = new(seed: 1);
    private readonly ITransformer model;

    private TextClassifier(ITransformer model, IReadOnlyList<string> labels) => (this.model, Labels) = (model, labels);

    /// <summary>In the order of the probabilities.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>One thread, so that the same rows give the same weights.</summary>
    public static TextClassifier Train(IReadOnlyList<LabelledText> rows)
    {
        var context = new MLContext(seed: 1);
        var data = context.Data.LoadFromEnumerable(rows.Select(r => new Row { Text = Prepared(r.Text), Label = r.Label }));
        var pipeline = context.Transforms.Conversion.MapValueToKey(nameof(Row.Label), keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue)
            .Append(context.Transforms.Text.ProduceHashedWordBags("Features", nameof(Row.Text), numberOfBits: HashBits, ngramLength: 2))
            .Append(context.Transforms.NormalizeLpNorm("Features"))
            .Append(context.MulticlassClassification.Trainers.LbfgsMaximumEntropy(new LbfgsMaximumEntropyMulticlassTrainer.Options
            {
                L1Regularization = L1, L2Regularization = L2, NumberOfThreads = 1,
            }));
        var model = pipeline.Fit(data);
        return new TextClassifier(model, LabelsOf(model, data.Schema));
    }

    public static TextClassifier Load(Stream file)
    {
        var model = new MLContext(seed: 1).Model.Load(file, out var schema);
        return new TextClassifier(model, LabelsOf(model, schema));
    }

    public void Save(Stream file) => context.Model.Save(model, context.Data.LoadFromEnumerable(Array.Empty<Row>()).Schema, file);

    /// <summary>Probabilities of <see cref="Labels"/>, a row each; a text's do not depend on those beside it.</summary>
    public IReadOnlyList<float[]> Read(IEnumerable<string> texts)
    {
        var data = context.Data.LoadFromEnumerable(texts.Select(t => new Row { Text = Prepared(t) }));
        return [.. model.Transform(data).GetColumn<float[]>("Score")];
    }

    /// <summary>The label of the highest probability.</summary>
    public string Likeliest(float[] probabilities) => Labels[Array.IndexOf(probabilities, probabilities.Max())];

    /// <summary>Stems, marks left out: what is hashed is stems and their neighbours.</summary>
    private static string Prepared(string text) => string.Join(' ', AnswerText.Words(AnswerText.Normalise(text)).Select(AnswerText.Stem));

    private static string[] LabelsOf(ITransformer model, DataViewSchema input)
    {
        VBuffer<ReadOnlyMemory<char>> names = default;
        model.GetOutputSchema(input)["Score"].Annotations.GetValue("SlotNames", ref names);
        return [.. names.DenseValues().Select(n => n.ToString())];
    }

    private sealed class Row
    {
        public string Text { get; init; } = "";
        public string Label { get; init; } = "";
    }
}
