namespace AlignGuard.Evaluation.Tasks.Benchmarks;

/// <summary>GLUE (Wang et al. 2019), from the <c>dev.tsv</c> files of its distribution; wording after lm-evaluation-harness.</summary>
internal static class Glue
{
    private static readonly RowLayout Table = new RowLayout.Tsv();

    public static IEnumerable<BenchmarkTask> Tasks { get; } =
    [
        Task("sst2", "SST-2/dev.tsv", "{sentence}\nQuestion: Is this sentence positive or negative?\nAnswer:", ["negative", "positive"], [BenchmarkMetric.Accuracy],
            row => [("sentence", row.Text("sentence", "text"))], row => row.Label(["label"], ["0"], ["1"])),
        Task("cola", "CoLA/dev.tsv (no header)", "{sentence}\nQuestion: Does this sentence make sense?\nAnswer:", ["no", "yes"], [BenchmarkMetric.Matthews, BenchmarkMetric.Accuracy],
            row => [("sentence", row.Text("sentence"))], row => row.Label(["label"], ["0"], ["1"])) with { Layout = new RowLayout.Tsv("source", "label", "mark", "sentence") },
        Task("mrpc", "MRPC/dev.tsv", "Sentence 1: {sentence1}\nSentence 2: {sentence2}\nQuestion: Do both sentences mean the same thing?\nAnswer:", ["no", "yes"], [BenchmarkMetric.Accuracy, BenchmarkMetric.F1],
            row => [("sentence1", row.Text("#1 String", "sentence1")), ("sentence2", row.Text("#2 String", "sentence2"))], row => row.Label(["Quality", "label"], ["0"], ["1"])),
        Task("qqp", "QQP/dev.tsv", "Question 1: {question1}\nQuestion 2: {question2}\nQuestion: Do both questions ask the same thing?\nAnswer:", ["no", "yes"], [BenchmarkMetric.Accuracy, BenchmarkMetric.F1],
            row => [("question1", row.Text("question1")), ("question2", row.Text("question2"))], row => row.Label(["is_duplicate", "label"], ["0"], ["1"])),
        Task("qnli", "QNLI/dev.tsv", "{question}\n{sentence}\nQuestion: Does this response answer the question?\nAnswer:", ["yes", "no"], [BenchmarkMetric.Accuracy],
            row => [("question", row.Text("question")), ("sentence", row.Text("sentence"))], Entailed),
        Task("rte", "RTE/dev.tsv", "{sentence1}\nQuestion: {sentence2} True or False?\nAnswer:", ["True", "False"], [BenchmarkMetric.Accuracy],
            row => [("sentence1", row.Text("sentence1")), ("sentence2", row.Text("sentence2"))], Entailed),
        Mnli("mnli", "MNLI/dev_matched.tsv"),
        Mnli("mnli-mm", "MNLI/dev_mismatched.tsv"),
        Task("wnli", "WNLI/dev.tsv", "{sentence1}\nQuestion: {sentence2} True or False?\nAnswer:", ["False", "True"], [BenchmarkMetric.Accuracy],
            row => [("sentence1", row.Text("sentence1")), ("sentence2", row.Text("sentence2"))], row => row.Label(["label"], ["0"], ["1"])),
    ];

    /// <summary>A task whose choices are the same words for every item.</summary>
    internal static BenchmarkTask Task(string name, string file, string prompt, string[] choices, IReadOnlyList<BenchmarkMetric> metrics, Func<FieldRow, (string, string)[]> fields, Func<FieldRow, int> gold) => new()
    {
        Name = name, File = file, Prompt = prompt, Answers = string.Join(" / ", choices), Metrics = metrics, Layout = Table,
        Items = (task, row, _) => [BenchmarkItem.Choose(row.Id, task.Fill(fields(row)), choices, gold(row))],
    };

    private static BenchmarkTask Mnli(string name, string file) =>
        Task(name, file, "{premise}\nQuestion: {hypothesis} True, False or Neither?\nAnswer:", ["True", "Neither", "False"], [BenchmarkMetric.Accuracy],
            row => [("premise", row.Text("sentence1", "premise")), ("hypothesis", Ended(row.Text("sentence2", "hypothesis")))],
            row => row.Label(["gold_label", "label"], ["entailment", "0"], ["neutral", "1"], ["contradiction", "2"]));

    private static int Entailed(FieldRow row) => row.Label(["label"], ["entailment", "0"], ["not_entailment", "1"]);

    private static string Ended(string sentence) => sentence.EndsWith('.') ? sentence : sentence + ".";
}
