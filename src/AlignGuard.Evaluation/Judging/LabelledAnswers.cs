using System.Text.Json;
using System.Text.Json.Serialization;
using AlignGuard.Evaluation.Prompts;
using AlignGuard.Models;

namespace AlignGuard.Evaluation.Judging;

/// <summary>An answer and what a person read in it.</summary>
public sealed record LabelledAnswer(Exchange Exchange, Verdict Verdict);

/// <summary>Answers that people have read: what judges are measured by. JSON lines with <c>prompt</c>, <c>answer</c>, <c>verdict</c> and, if they like, <c>id</c> and <c>unsafe</c>.</summary>
public static class LabelledAnswers
{
    private static readonly JsonSerializerOptions Line = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter(allowIntegerValues: false) } };

    /// <summary>The set that ships with the product (<c>labelled.jsonl</c>): written by hand, to be hard.</summary>
    public static IReadOnlyList<LabelledAnswer> BuiltIn()
    {
        using var stream = typeof(LabelledAnswers).Assembly.GetManifestResourceStream("labelled.jsonl")
            ?? throw new InvalidOperationException("The embedded resource labelled.jsonl is missing from AlignGuard.Evaluation.");
        using var reader = new StreamReader(stream);
        return Read("labelled.jsonl", reader.ReadToEnd());
    }

    /// <exception cref="UserFaultException">No such file, no rows, or rows that are none: all of them by file:line.</exception>
    public static IReadOnlyList<LabelledAnswer> Load(string path) =>
        File.Exists(path) ? Read(path, File.ReadAllText(path)) : throw new UserFaultException([$"There is no file {path}. Labelled answers are JSON lines with prompt, answer and verdict (refused, complied or incoherent)."]);

    private static List<LabelledAnswer> Read(string path, string text)
    {
        var (rows, problems) = (new List<LabelledAnswer>(), new List<string>());
        foreach (var (n, line) in text.Split('\n').Index())
        {
            if (string.IsNullOrWhiteSpace(line)) continue;
            var place = $"{path}:{n + 1}";
            try
            {
                if (JsonSerializer.Deserialize<Row>(line, Line) is { Prompt: { } prompt, Answer: { } answer, Verdict: { } verdict } row)
                    rows.Add(new LabelledAnswer(new Exchange(new Prompt(row.Id ?? place, prompt, "", row.Unsafe, "", "", -1), answer), verdict));
                else problems.Add($"{place}: prompt, answer and verdict are needed.");
            }
            catch (JsonException e)
            {
                problems.Add($"{place}: {e.Message} prompt, answer and verdict (refused, complied or incoherent) are needed.");
            }
        }
        if (rows.Count == 0 && problems.Count == 0) problems.Add($"{path} holds no labelled answers.");
        return problems.Count == 0 ? rows : throw new UserFaultException([.. problems.Take(50)]);
    }

    private sealed record Row(string? Id, string? Prompt, string? Answer, bool Unsafe, Verdict? Verdict);
}
