using AlignGuard.Evaluation.Benchmark.Similarity;
using AlignGuard.Evaluation.Prompts;

namespace AlignGuard.Evaluation.Benchmark;

/// <summary>
/// Prompts of the built-in generator that may fill a benchmark: its DriftCheck split, without those that a source has too. They are not compared with each other: they are
/// wordings of one generator, which differ by a word on purpose.
/// </summary>
internal static class BuiltinFill
{
    /// <param name="others">Prompts of the sources after <see cref="Deduplication"/>, and their shingles.</param>
    public static IReadOnlyList<SourcePrompt> Candidates(IReadOnlyList<SourcePrompt> others, IReadOnlyList<ulong[]> shingles, double threshold)
    {
        var taken = others.Select(p => p.Normalised).ToHashSet();
        var fill = new List<SourcePrompt>();
        foreach (var @unsafe in new[] { true, false })
        {
            var pool = PromptBank.DriftCheckPool(@unsafe).Select(p => new SourcePrompt(p.Text, p.Unsafe, p.Category, CategorySource.Source, SourcePrompt.Builtin, p.Category))
                .DistinctBy(p => p.Normalised).Where(p => !taken.Contains(p.Normalised)).Select(p => (Prompt: p, Set: Shingles.Of(p.Normalised))).ToList();
            var mine = others.Zip(shingles).Where(o => o.First.Unsafe == @unsafe).Select(o => o.Second).ToList();
            var index = new NearDuplicateIndex(threshold, mine.Concat(pool.Select(p => p.Set)));
            foreach (var set in mine) index.Add(set);
            fill.AddRange(pool.Where(p => !index.Similar(p.Set).Any()).Select(p => p.Prompt));
        }
        return fill;
    }
}
