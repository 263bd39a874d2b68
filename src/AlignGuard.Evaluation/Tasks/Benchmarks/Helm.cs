namespace AlignGuard.Evaluation.Tasks.Benchmarks;

/// <summary>
/// Any scenario of HELM (Liang et al. 2022), from the instances it writes: <c>{"input": {"text"}, "references": [{"output": {"text"}, "tags": ["correct"]}], "split"}</c>, a list of them (<c>instances.json</c>) or one a line.
/// Instances of the split <c>train</c> are exemplars, the others are asked. The adapters are HELM's: choices asked jointly as letters, or each ranked by itself, or a text that is written.
/// </summary>
internal static class Helm
{
    private static readonly RowLayout Instances = new RowLayout.JsonOrLines();

    public static IEnumerable<BenchmarkTask> Tasks { get; } =
    [
        Task("helm-choice-joint", "Question: {input}\n{options}\nAnswer:", "A / B / …", [BenchmarkMetric.Accuracy], Joint),
        Task("helm-choice-separate", "{input}", "the references", [BenchmarkMetric.Accuracy, BenchmarkMetric.AccuracyPerCharacter, BenchmarkMetric.AccuracyPerByte], Separate),
        Task("helm-exact-match", "Input: {input}\nOutput:", "written, one line", [BenchmarkMetric.ExactMatch, BenchmarkMetric.QuasiExactMatch, BenchmarkMetric.WordF1], Written) with { OneLine = true },
        Task("helm-summary", "Document: {input}\nSummary:", "written", [BenchmarkMetric.RougeL, BenchmarkMetric.Rouge1, BenchmarkMetric.Rouge2], Written),
    ];

    private static BenchmarkTask Task(string name, string prompt, string answers, IReadOnlyList<BenchmarkMetric> metrics, Func<BenchmarkTask, FieldRow, string, IEnumerable<BenchmarkItem>> items) =>
        new() { Name = name, File = "instances.json or .jsonl", Prompt = prompt, Answers = answers, Metrics = metrics, Layout = Instances, Items = (task, row, file) => items(task, row, file).Select(i => i with { Exemplar = row.Has("split") && row.Text("split") == "train" }) };

    private static IEnumerable<BenchmarkItem> Joint(BenchmarkTask task, FieldRow row, string file)
    {
        var (input, choices, gold) = Choices(row);
        string[] letters = [.. choices.Select((_, n) => ((char)('A' + n)).ToString())];
        return [BenchmarkItem.Choose(row.Id, task.Fill(("input", input), ("options", string.Join('\n', letters.Zip(choices, (letter, choice) => $"{letter}. {choice}")))), letters, gold)];
    }

    private static IEnumerable<BenchmarkItem> Separate(BenchmarkTask task, FieldRow row, string file)
    {
        var (input, choices, gold) = Choices(row);
        return [BenchmarkItem.Choose(row.Id, task.Fill(("input", input)), choices, gold)];
    }

    private static IEnumerable<BenchmarkItem> Written(BenchmarkTask task, FieldRow row, string file)
    {
        var references = References(row).Where(r => r.Correct).Select(r => r.Text).ToList();
        if (references.Count == 0) row.Wrong(0, "no reference is tagged 'correct': there is nothing to hold an answer against.");
        return [BenchmarkItem.Write(row.Id, task.Fill(("input", row.Object("input").Text("text"))), references)];
    }

    private static (string Input, string[] Choices, int Gold) Choices(FieldRow row)
    {
        var references = References(row);
        if (references.Count is < 2 or > 26) row.Wrong(0, $"there are {references.Count} references to choose from; 2 to 26 are expected.");
        if (references.Count(r => r.Correct) != 1) row.Wrong(0, $"{references.Count(r => r.Correct)} references are tagged 'correct'; one is expected.");
        return (row.Object("input").Text("text"), [.. references.Select(r => r.Text)], Math.Max(0, references.FindIndex(r => r.Correct)));
    }

    private static List<(string Text, bool Correct)> References(FieldRow row) =>
        [.. row.Objects("references", n => $" references[{n}]").Select(r => (r.Object("output").Text("text"), r.Has("tags") && r.List("tags").Contains("correct")))];
}
