namespace AlignGuard.Evaluation.Tasks.Benchmarks;

/// <summary>SuperGLUE (Wang et al. 2019), from the <c>val.jsonl</c> files of its distribution; wording after lm-evaluation-harness. Its RTE is GLUE's rows in another layout.</summary>
internal static class SuperGlue
{
    private static readonly RowLayout Lines = new RowLayout.Jsonl();

    public static IEnumerable<BenchmarkTask> Tasks { get; } =
    [
        Task("boolq", "BoolQ/val.jsonl, or the original dev.jsonl", "{passage}\nQuestion: {question}?\nAnswer:", ["no", "yes"], [BenchmarkMetric.Accuracy],
            row => [("passage", row.Text("passage")), ("question", row.Text("question").TrimEnd('?', ' '))], row => Truth(row, "label", "answer")),
        Task("cb", "CB/val.jsonl", "{premise}\nQuestion: {hypothesis}. True, False, or Neither?\nAnswer:", ["True", "False", "Neither"], [BenchmarkMetric.Accuracy, BenchmarkMetric.MacroF1],
            row => [("premise", row.Text("premise")), ("hypothesis", row.Text("hypothesis").TrimEnd('.', ' '))], row => row.Label(["label"], ["entailment"], ["contradiction"], ["neutral"])),
        new() { Name = "copa", File = "COPA/val.jsonl", Prompt = "{premise} {connector}", Answers = "the alternatives", Metrics = [BenchmarkMetric.Accuracy, BenchmarkMetric.AccuracyPerCharacter, BenchmarkMetric.AccuracyPerByte], Layout = Lines, Items = Copa },
        Task("rte-superglue", "RTE/val.jsonl", "{premise}\nQuestion: {hypothesis} True or False?\nAnswer:", ["True", "False"], [BenchmarkMetric.Accuracy],
            row => [("premise", row.Text("premise")), ("hypothesis", row.Text("hypothesis"))], row => row.Label(["label"], ["entailment"], ["not_entailment"])),
        Task("wic", "WiC/val.jsonl", "Sentence 1: {sentence1}\nSentence 2: {sentence2}\nQuestion: Is the word '{word}' used in the same way in the two sentences above?\nAnswer:", ["no", "yes"], [BenchmarkMetric.Accuracy],
            row => [("sentence1", row.Text("sentence1")), ("sentence2", row.Text("sentence2")), ("word", row.Text("word"))], row => Truth(row, "label")),
        Task("wsc", "WSC/val.jsonl", "Passage: {text}\nQuestion: In the passage above, does the pronoun \"*{pronoun}*\" refer to \"*{noun}*\"?\nAnswer:", ["no", "yes"], [BenchmarkMetric.Accuracy], Wsc, row => Truth(row, "label")),
        new()
        {
            Name = "multirc", File = "MultiRC/val.jsonl", Prompt = "{passage}\nQuestion: {question}\nAnswer: {answer}\nQuestion: Is this answer correct?\nAnswer:", Answers = "no / yes", Layout = Lines,
            Metrics = [BenchmarkMetric.F1, BenchmarkMetric.WholeQuestions], Items = MultiRc,
        },
        Record.Task,
    ];

    private static BenchmarkTask Task(string name, string file, string prompt, string[] choices, IReadOnlyList<BenchmarkMetric> metrics, Func<FieldRow, (string, string)[]> fields, Func<FieldRow, int> gold) =>
        Glue.Task(name, file, prompt, choices, metrics, fields, gold) with { Layout = Lines };

    private static int Truth(FieldRow row, params string[] names) => row.Label(names, ["false", "0"], ["true", "1"]);

    // "What was the cause?" leads on with because, "what happened?" with therefore; the alternative goes on in the same sentence.
    private static IEnumerable<BenchmarkItem> Copa(BenchmarkTask task, FieldRow row, string file)
    {
        var connector = row.Label(["question"], ["cause"], ["effect"]) == 0 ? "because" : "therefore";
        string[] choices = [Within(row.Text("choice1")), Within(row.Text("choice2"))];
        return [BenchmarkItem.Choose(row.Id, task.Fill(("premise", row.Text("premise").TrimEnd('.', ' ')), ("connector", connector)), choices, row.Label(["label"], ["0"], ["1"]))];
    }

    private static string Within(string sentence) => sentence.Length == 0 ? "" : char.ToLowerInvariant(sentence[0]) + sentence[1..];

    // The pronoun is starred where it stands: span2_index counts the words of the text.
    private static (string, string)[] Wsc(FieldRow row)
    {
        var (words, target) = (row.Text("text").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries), row.Object("target"));
        var (noun, pronoun) = (target.Text("span1_text"), target.Text("span2_text"));
        var (at, count) = (target.Number("span2_index", 0, words.Length), pronoun.Split(' ').Length);
        var there = string.Join(' ', words.Skip(at).Take(count));
        // Behind the pronoun a comma or a full stop may stand.
        if (!there.StartsWith(pronoun, StringComparison.OrdinalIgnoreCase)) there = row.Wrong(pronoun, $"'span2_index' is {at}, and the words there are \"{there}\", not \"{pronoun}\".");
        var marked = string.Join(' ', [.. words.Take(at), $"*{pronoun}*{there[pronoun.Length..]}", .. words.Skip(at + count)]);
        return [("text", marked), ("pronoun", pronoun), ("noun", noun)];
    }

    private static IEnumerable<BenchmarkItem> MultiRc(BenchmarkTask task, FieldRow row, string file)
    {
        var passage = row.Object("passage");
        var text = passage.Text("text");
        foreach (var question in passage.Objects("questions", n => $"[{n}]"))
        {
            var asked = question.Text("question");
            foreach (var answer in question.Objects("answers", n => $"[{n}]"))
                yield return BenchmarkItem.Choose(answer.Id, task.Fill(("passage", text), ("question", asked), ("answer", answer.Text("text"))), ["no", "yes"], Truth(answer, "label")) with { Question = question.Id };
        }
    }
}
