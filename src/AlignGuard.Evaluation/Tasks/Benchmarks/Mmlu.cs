namespace AlignGuard.Evaluation.Tasks.Benchmarks;

/// <summary>MMLU (Hendrycks et al. 2021), from its <c>{subject}_test.csv</c> files or a folder of them; wording of its authors. Exemplars are usually the five rows of <c>{subject}_dev.csv</c>.</summary>
internal static class Mmlu
{
    private static readonly string[] Letters = ["A", "B", "C", "D"];
    private static readonly string[] Splits = ["_test", "_dev", "_val"];

    public static BenchmarkTask Task { get; } = new()
    {
        Name = "mmlu", File = "test/SUBJECT_test.csv, or the folder (no header)", Prompt = "{question}\nA. {A}\nB. {B}\nC. {C}\nD. {D}\nAnswer:", Answers = "A / B / C / D", Metrics = [BenchmarkMetric.Accuracy],
        Preamble = "The following are multiple choice questions (with answers) about {subject}.\n\n",
        Layout = new RowLayout.Csv("question", "A", "B", "C", "D", "answer"),
        Items = (task, row, file) =>
        [
            BenchmarkItem.Choose(row.Id, task.Fill([("question", row.Text("question")), .. Letters.Select(l => (l, row.Text(l)))]), Letters, row.Label(["answer"], ["A"], ["B"], ["C"], ["D"])) with { Subject = SubjectOf(file) },
        ],
    };

    private static string SubjectOf(string file) => file[..^(Splits.FirstOrDefault(s => file.EndsWith(s, StringComparison.Ordinal)) ?? "").Length].Replace('_', ' ');
}
