namespace AlignGuard.Evaluation.Tasks.Benchmarks;

/// <summary>ReCoRD (Zhang et al. 2018), from SuperGLUE's <c>val.jsonl</c>: which entity of a passage a sentence leaves out. The sentence is ranked with every entity in its gap, as a further highlight of the passage.</summary>
internal static class Record
{
    private const string Gap = "@placeholder", Highlight = "@highlight";

    public static BenchmarkTask Task { get; } = new()
    {
        Name = "record", File = "ReCoRD/val.jsonl", Prompt = "{passage}\n\n{highlights}  -", Answers = "the query with each entity of the passage", Metrics = [BenchmarkMetric.NameF1, BenchmarkMetric.NameMatch],
        Layout = new RowLayout.Jsonl(), Items = Items,
    };

    private static IEnumerable<BenchmarkItem> Items(BenchmarkTask task, FieldRow row, string file)
    {
        var passage = row.Object("passage");
        var text = passage.Text("text");
        // Places count from the text as the file has it; `end` is the last character's.
        var raw = passage.Raw("text");
        var entities = passage.Objects("entities", n => $" entities[{n}]").Select(e => (Start: e.Number("start", 0, Math.Max(1, raw.Length)), End: e.Number("end", 0, Math.Max(1, raw.Length))))
            .Where(e => e.End >= e.Start && e.End < raw.Length).Select(e => raw[e.Start..(e.End + 1)]).Distinct().ToArray();
        if (entities.Length < 2) row.Wrong(0, $"the passage names {entities.Length} entities to choose from; 2 or more are expected.");
        var parts = text.Split(Highlight).Select(p => p.Trim()).ToArray();
        var highlights = string.Concat(parts.Skip(1).Select(h => $"  - {h}{(h.EndsWith('.') ? "" : ".")}\n"));
        foreach (var question in row.Objects("qas", n => $" qas[{n}]"))
        {
            var query = question.Text("query");
            var answers = question.Objects("answers", n => $" answers[{n}]").Select(a => a.Text("text")).Distinct().ToList();
            var gold = Array.FindIndex(entities, answers.Contains);
            if (!query.Contains(Gap, StringComparison.Ordinal)) question.Wrong(0, $"'query' has no {Gap}.");
            if (gold < 0) question.Wrong(0, "no answer is an entity of the passage.");
            yield return new BenchmarkItem(question.Id, task.Fill(("passage", parts[0]), ("highlights", highlights)), [.. entities.Select(e => query.Replace(Gap, e, StringComparison.Ordinal))], Math.Max(0, gold), answers) { Names = entities };
        }
    }
}
