using System.Text.Json;
using AlignGuard.Models.Tests;

namespace AlignGuard.Evaluation.Tests.Judging.Onnx;

/// <summary>What is special about a <see cref="TinyClassifier"/>.</summary>
internal sealed record TinyOptions
{
    public string[] Labels { get; init; } = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"];
    public string? ProblemType { get; init; } = "multi_label_classification";
    public bool Types { get; init; }
    public bool Masked { get; init; } = true;
    public bool Int32 { get; init; }
    public bool Half { get; init; }
    public int? FixedRows { get; init; }
    public int? FixedLength { get; init; }
    public int? Positions { get; init; } = 512;
    public string IdsName { get; init; } = "input_ids";
    public string LogitsName { get; init; } = "logits";
}

/// <summary>A folder with a classifier of random weights: the mean of the tokens' (and segments') embeddings, times a matrix. The same arithmetic by hand is beside it.</summary>
internal sealed class TinyClassifier : IDisposable
{
    private const int Width = 4;

    public static readonly string[] Vocab =
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", .. "abcdefghijklmnopqrstuvwxyz!?.,[]$".Select(c => $"{c}"), .. "abcdefghijklmnopqrstuvwxyz".Select(c => $"##{c}"), "you", "are", "kind", "stupid", "bread"];

    private readonly TemporaryFolder folder = new();
    private readonly TinyOptions options;
    private readonly float[] embedding, types, matrix, bias;

    public TinyClassifier(TinyOptions? options = null, int seed = 1)
    {
        this.options = options ??= new TinyOptions();
        var random = new Random(seed);
        float[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() * 4 - 2))];
        (embedding, types, matrix, bias) = (Draw(Vocab.Length * Width), Draw(2 * Width), Draw(Width * options.Labels.Length), Draw(options.Labels.Length));
        Directory.CreateDirectory(Path);
        File.WriteAllBytes(Model, Onnx());
        File.WriteAllText(At("tokenizer.json"), TokenizerJson());
        var labels = options.Labels.Index().ToDictionary(l => $"{l.Index}", l => l.Item);
        File.WriteAllText(At("config.json"), JsonSerializer.Serialize(new { id2label = labels, problem_type = options.ProblemType, max_position_embeddings = options.Positions, pad_token_id = 0 }));
    }

    public string Path => folder.File("tiny");

    public string Model => At("model.onnx");

    public string At(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>A judge's file beside the folder.</summary>
    public string Yaml(string keys) => folder.Write("judge.yaml", $"kind: onnx\nmodel: tiny\n{keys}\n");

    public double[] Logits(int[] ids, int[]? segments = null) =>
        [.. Enumerable.Range(0, options.Labels.Length).Select(label => bias[label] + Enumerable.Range(0, Width).Sum(d =>
            matrix[d * options.Labels.Length + label] * ids.Index().Sum(t => embedding[t.Item * Width + d] + (options.Types ? types[(segments?[t.Index] ?? 0) * Width + d] : 0.0)) / ids.Length))];

    public static int[] Ids(params string[] tokens) => [.. tokens.Select(t => Array.IndexOf(Vocab, t))];

    public static double Sigmoid(double logit) => 1 / (1 + Math.Exp(-logit));

    public void Dispose() => folder.Dispose();

    private byte[] Onnx()
    {
        object rows = (object?)options.FixedRows ?? "batch", length = (object?)options.FixedLength ?? "length";
        var whole = options.Int32 ? OnnxWriter.Int32 : OnnxWriter.Int64;
        var names = new List<string> { options.IdsName };
        if (options.Masked) names.Add("attention_mask");
        if (options.Types) names.Add("token_type_ids");
        var nodes = new List<byte[]> { OnnxWriter.Node("Gather", ["embedding", options.IdsName], "tokens") };
        var states = "tokens";
        if (options.Types)
        {
            nodes.Add(OnnxWriter.Node("Gather", ["types", "token_type_ids"], "segments"));
            nodes.Add(OnnxWriter.Node("Add", ["tokens", "segments"], "states"));
            states = "states";
        }
        if (options.Masked)
        {
            nodes.Add(OnnxWriter.Node("Cast", ["attention_mask"], "mask", ("to", OnnxWriter.Float)));
            nodes.Add(OnnxWriter.Node("Unsqueeze", ["mask", "two"], "column"));
            nodes.Add(OnnxWriter.Node("Mul", [states, "column"], "masked"));
            nodes.Add(OnnxWriter.Node("ReduceSum", ["masked", "one"], "sum", ("keepdims", 0)));
            nodes.Add(OnnxWriter.Node("ReduceSum", ["mask", "one"], "count", ("keepdims", 1)));
            nodes.Add(OnnxWriter.Node("Div", ["sum", "count"], "mean"));
        }
        else
        {
            nodes.Add(OnnxWriter.Node("ReduceSum", [states, "one"], "sum", ("keepdims", 0)));
            nodes.Add(OnnxWriter.Node("Shape", [options.IdsName], "shape"));
            nodes.Add(OnnxWriter.Node("Gather", ["shape", "one"], "size"));
            nodes.Add(OnnxWriter.Node("Cast", ["size"], "count", ("to", OnnxWriter.Float)));
            nodes.Add(OnnxWriter.Node("Div", ["sum", "count"], "mean"));
        }
        nodes.Add(OnnxWriter.Node("MatMul", ["mean", "matrix"], "product"));
        nodes.Add(OnnxWriter.Node("Add", ["product", "bias"], options.Half ? "full" : options.LogitsName));
        if (options.Half) nodes.Add(OnnxWriter.Node("Cast", ["full"], options.LogitsName, ("to", OnnxWriter.Float16)));
        var labels = options.Labels.Length;
        return OnnxWriter.Model(
            [.. nodes],
            [
                OnnxWriter.Tensor("embedding", [Vocab.Length, Width], embedding), OnnxWriter.Tensor("types", [2, Width], types), OnnxWriter.Tensor("matrix", [Width, labels], matrix),
                OnnxWriter.Tensor("bias", [labels], bias), OnnxWriter.Tensor("one", [1]), OnnxWriter.Tensor("two", [2]),
            ],
            [.. names.Select(n => OnnxWriter.Value(n, whole, rows, length))],
            [OnnxWriter.Value(options.LogitsName, options.Half ? OnnxWriter.Float16 : OnnxWriter.Float, rows, labels)]);
    }

    private static string TokenizerJson()
    {
        static object Special(string id, int type) => new { SpecialToken = new { id, type_id = type } };
        static object Text(string id, int type) => new { Sequence = new { id, type_id = type } };
        static object Token(string id) => new { id, ids = Ids(id), tokens = new[] { id } };
        return JsonSerializer.Serialize(new
        {
            version = "1.0",
            normalizer = new { type = "BertNormalizer", clean_text = true, handle_chinese_chars = true, strip_accents = (bool?)null, lowercase = true },
            pre_tokenizer = new { type = "BertPreTokenizer" },
            post_processor = new
            {
                type = "TemplateProcessing",
                single = new[] { Special("[CLS]", 0), Text("A", 0), Special("[SEP]", 0) },
                pair = new[] { Special("[CLS]", 0), Text("A", 0), Special("[SEP]", 0), Text("B", 1), Special("[SEP]", 1) },
                special_tokens = new Dictionary<string, object> { ["[CLS]"] = Token("[CLS]"), ["[SEP]"] = Token("[SEP]") },
            },
            model = new { type = "WordPiece", unk_token = "[UNK]", continuing_subword_prefix = "##", max_input_chars_per_word = 100, vocab = Vocab.Index().ToDictionary(v => v.Item, v => v.Index) },
        });
    }
}
