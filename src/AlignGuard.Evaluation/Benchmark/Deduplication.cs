using AlignGuard.Evaluation.Benchmark.Similarity;

namespace AlignGuard.Evaluation.Benchmark;

/// <summary>Each prompt once: the first occurrence in the order of the sources stays.</summary>
internal static class Deduplication
{
    /// <param name="Kept">Distinct and, within a label, not similar to each other.</param>
    /// <param name="Shingles">Of the kept prompts, in their order.</param>
    internal sealed record Result(IReadOnlyList<SourcePrompt> Kept, IReadOnlyList<ulong[]> Shingles, Duplicates Duplicates);

    /// <summary>
    /// Similar prompts of different labels both stay: a harmless twin of a harmful request is what over-refusal is measured with. Equal ones of different labels both go.
    /// </summary>
    public static Result Of(IReadOnlyList<SourcePrompt> prompts, double threshold)
    {
        var conflicting = prompts.GroupBy(p => p.Normalised).Where(g => g.Any(p => p.Unsafe) && g.Any(p => !p.Unsafe)).Select(g => g.Key).ToHashSet();
        var (kept, shingles) = (new List<SourcePrompt>(), new List<ulong[]>());
        var (exact, near, conflicts) = (0, 0, 0);
        foreach (var label in prompts.GroupBy(p => p.Unsafe).OrderBy(g => g.Key))
        {
            var seen = new HashSet<string>();
            var distinct = new List<(SourcePrompt Prompt, ulong[] Shingles)>();
            foreach (var prompt in label)
            {
                if (conflicting.Contains(prompt.Normalised)) conflicts++;
                else if (!seen.Add(prompt.Normalised)) exact++;
                else distinct.Add((prompt, Similarity.Shingles.Of(prompt.Normalised)));
            }
            var index = new NearDuplicateIndex(threshold, distinct.Select(d => d.Shingles));
            foreach (var (prompt, set) in distinct)
            {
                if (index.Similar(set).Any())
                {
                    near++;
                    continue;
                }
                index.Add(set);
                kept.Add(prompt);
                shingles.Add(set);
            }
        }
        return new Result(kept, shingles, new Duplicates(exact, near, conflicts));
    }
}
