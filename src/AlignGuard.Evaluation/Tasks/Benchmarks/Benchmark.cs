using AlignGuard.Domain.Tasks;
using AlignGuard.Models;
using AlignGuard.Models.Generation;

namespace AlignGuard.Evaluation.Tasks.Benchmarks;

/// <summary>How a benchmark is run.</summary>
public sealed record BenchmarkOptions
{
    /// <summary>Rows of a forward pass, at most.</summary>
    public int BatchSize { get; init; } = 16;
    /// <summary>Tokens of a written answer, at most.</summary>
    public int MaxNewTokens { get; init; } = 64;
    /// <summary>Called with finished and all rows.</summary>
    public Action<int, int>? Progress { get; init; }
    public CancellationToken Cancellation { get; init; }
}

/// <param name="Scores">By the metrics' names, the main one first.</param>
/// <param name="Subjects">The main metric by subject; empty where there is one subject only.</param>
/// <param name="Answers">Per item, in order.</param>
public sealed record BenchmarkResult(BenchmarkTask Task, IReadOnlyList<(string Metric, Score Score)> Scores, IReadOnlyList<(string Subject, Score Score)> Subjects, IReadOnlyList<AnsweredItem> Answers);

/// <summary>Asks a model the items of a benchmark and scores what it chooses or writes.</summary>
public static class Benchmark
{
    /// <param name="items">At least one.</param>
    /// <exception cref="UserFaultException">An item that the model cannot be asked, by its name.</exception>
    public static BenchmarkResult Run(TextModel model, BenchmarkTask task, IReadOnlyList<BenchmarkItem> items, FewShot prompts, BenchmarkOptions options)
    {
        var answers = items[0].Choices.Count > 0 ? Choose(model, items, prompts, options) : Write(model, task, items, prompts, options);
        var subjects = answers.GroupBy(a => a.Item.Subject).ToList();
        return new BenchmarkResult(task, [.. task.Metrics.Select(m => (m.Name, m.Of(answers)))], subjects.Count < 2 ? [] : [.. subjects.Select(s => (s.Key, task.Metrics[0].Of([.. s])))], answers);
    }

    private static AnsweredItem[] Choose(TextModel model, IReadOnlyList<BenchmarkItem> items, FewShot prompts, BenchmarkOptions options)
    {
        var rows = items.Select(item => Named(item, () =>
        {
            var prompt = prompts.Prompt(item);
            return item.Choices.Select(choice => AnswerTokens.Choice(model, prompt, choice)).ToArray();
        })).ToList();
        var flat = rows.SelectMany(r => r.Select(c => c.Row)).ToList();
        var scores = LogLikelihood.Of(model, flat, options.BatchSize, done => options.Progress?.Invoke(done, flat.Count), options.Cancellation);
        var at = 0;
        return [.. items.Zip(rows, (item, choices) => new AnsweredItem(item, scores[at..(at += choices.Length)], null, choices.Max(c => c.Cut)))];
    }

    private static AnsweredItem[] Write(TextModel model, BenchmarkTask task, IReadOnlyList<BenchmarkItem> items, FewShot prompts, BenchmarkOptions options)
    {
        var encoded = items.Select(item => Named(item, () => AnswerTokens.Prompt(model, prompts.Prompt(item), options.MaxNewTokens))).ToList();
        var written = TextGenerator.Generate(model.Model, [.. encoded.Select(e => e.Ids)], new GenerationOptions
        {
            Adapter = model.Adapter, MaxNewTokens = options.MaxNewTokens, BatchSize = options.BatchSize, PadId = model.PadId, StopIds = model.StopIds,
            Progress = done => options.Progress?.Invoke(done, items.Count), Cancellation = options.Cancellation,
        });
        return [.. items.Select((item, n) => new AnsweredItem(item, [], Ended(model.Tokenizer.Decode(written[n]), task.OneLine), encoded[n].Cut))];
    }

    private static string Ended(string text, bool oneLine) => oneLine ? text.Trim().Split('\n')[0].TrimEnd() : text.Trim();

    private static T Named<T>(BenchmarkItem item, Func<T> encode)
    {
        try
        {
            return encode();
        }
        catch (UserFaultException e)
        {
            throw new UserFaultException([.. e.Problems.Select(p => $"{item.Id}: {p}")], e);
        }
    }
}
