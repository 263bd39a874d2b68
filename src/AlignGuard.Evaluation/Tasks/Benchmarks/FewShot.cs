using AlignGuard.Evaluation.Prompts;
using AlignGuard.Models;

namespace AlignGuard.Evaluation.Tasks.Benchmarks;

/// <summary>Prompts with exemplars: questions of the item's own subject with their answers, a blank line behind each, and the question itself last.</summary>
public sealed class FewShot
{
    private readonly BenchmarkTask _task;
    private readonly int _shots;
    private readonly int? _seed;
    private readonly Dictionary<string, List<BenchmarkItem>> _pools;

    /// <param name="shots">Exemplars before every question; 0 = none.</param>
    /// <param name="seed">Exemplars are drawn anew for every item; null = the first of the file, as published results of MMLU take them.</param>
    /// <exception cref="UserFaultException">Subjects of the items with too few exemplars, all of them.</exception>
    public FewShot(BenchmarkTask task, IReadOnlyList<BenchmarkItem> items, IReadOnlyList<BenchmarkItem> exemplars, int shots, int? seed)
    {
        (_task, _shots, _seed) = (task, shots, seed);
        _pools = exemplars.GroupBy(e => e.Subject).ToDictionary(g => g.Key, g => g.ToList());
        if (shots < 0) throw new UserFaultException($"--shots is {shots}; 0 or more are expected.");
        if (shots == 0) return;
        var same = exemplars.GroupBy(e => (e.Subject, e.Prompt)).ToDictionary(g => g.Key, g => g.Count());
        var problems = items.GroupBy(i => i.Subject)
            .Select(s => (Subject: s.Key, Count: s.Min(i => (_pools.GetValueOrDefault(s.Key)?.Count ?? 0) - same.GetValueOrDefault((i.Subject, i.Prompt)))))
            .Where(s => s.Count < shots)
            .Select(s => $"--shots is {shots}, and there are {s.Count} exemplars{(s.Subject.Length > 0 ? $" of the subject '{s.Subject}'" : "")}: give --exemplars a file or folder that has as many.").ToList();
        if (problems.Count > 0) throw new UserFaultException(problems);
    }

    /// <summary>All that the model reads before its answer.</summary>
    public string Prompt(BenchmarkItem item)
    {
        var examples = _shots == 0 ? [] : Exemplars(item).Select(e => $"{e.Prompt} {e.Answer}\n\n");
        return BenchmarkTask.Fill(_task.Preamble, ("subject", item.Subject)) + string.Concat(examples) + item.Prompt;
    }

    private IEnumerable<BenchmarkItem> Exemplars(BenchmarkItem item)
    {
        // The question itself, in both splits, would give its answer away.
        var pool = _pools[item.Subject].Where(e => e.Prompt != item.Prompt);
        if (_seed is not { } seed) return pool.Take(_shots);
        // By the item's name: what it is shown does not depend on which other items are asked.
        var order = pool.ToList();
        new StableRandom(StableHash.Mix(StableHash.Of(item.Id) ^ (ulong)seed)).Shuffle(order);
        return order.Take(_shots);
    }
}
