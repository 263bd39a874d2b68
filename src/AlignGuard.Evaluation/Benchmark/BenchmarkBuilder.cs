using System.Globalization;
using AlignGuard.Domain.Benchmark;
using AlignGuard.Evaluation.Prompts;

namespace AlignGuard.Evaluation.Benchmark;

/// <summary>Candidates to a benchmark: without duplicates and contaminated prompts, drawn by stratum and seed, half of it unsafe and equally of the six categories.</summary>
public static class BenchmarkBuilder
{
    /// <param name="candidates">In the order of the sources: of duplicates the first stays.</param>
    /// <param name="training">Texts of the messages that a model is trained on.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size below 2, or a threshold outside (0, 1].</exception>
    public static BenchmarkResult Build(IReadOnlyList<SourcePrompt> candidates, IEnumerable<string> training, BenchmarkSettings settings)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(settings.Size, 2);
        var distinct = Deduplication.Of(candidates, settings.NearDuplicate);
        var fill = settings.FillBuiltin ? BuiltinFill.Candidates(distinct.Kept, distinct.Shingles, settings.NearDuplicate) : [];
        var (clean, contaminated) = WithoutKnown([.. distinct.Kept, .. fill], [.. distinct.Shingles, .. fill.Select(p => Similarity.Shingles.Of(p.Normalised))], training, settings.NearDuplicate);

        var own = clean.Where(p => p.Source != SourcePrompt.Builtin).ToList();
        var supplies = Shortage.Supplies(settings.Size, [.. HarmCategory.Names.Select(c => own.Count(p => p.Unsafe && p.Category == c))], own.Count(p => !p.Unsafe));
        var drawn = supplies.Select(s => Draw(s, own, clean, settings.Seed)).ToList();
        var filled = drawn.Select(d => d.Count(p => p.Source == SourcePrompt.Builtin)).ToList();
        if (supplies.Zip(drawn).Any(s => s.Second.Count < s.First.Need)) return new BenchmarkResult([], supplies, filled, distinct.Duplicates, contaminated);

        var @unsafe = Spread.Evenly(drawn[..^1]);
        var safe = Spread.Evenly([.. drawn[^1].GroupBy(p => p.Category).OrderBy(g => g.Key, StringComparer.Ordinal).Select(IReadOnlyList<SourcePrompt> (g) => [.. g])]);
        return new BenchmarkResult(Spread.Evenly([@unsafe, safe]), supplies, filled, distinct.Duplicates, contaminated);
    }

    /// <summary>What a supply needs, or all there is: of the sources first, then of the built-in prompts.</summary>
    private static IReadOnlyList<SourcePrompt> Draw(Supply supply, IReadOnlyList<SourcePrompt> own, IReadOnlyList<SourcePrompt> all, ulong seed)
    {
        var first = DrawFrom(own, supply.Need);
        return first.Count == supply.Need ? first : Ranked([.. first, .. DrawFrom(all.Where(p => p.Source == SourcePrompt.Builtin), supply.Need - first.Count)], seed);

        IReadOnlyList<SourcePrompt> DrawFrom(IEnumerable<SourcePrompt> prompts, int count) => Domain.Benchmark.Draw.Fair(count, prompts
            .Where(p => p.Label == supply.Label && (!p.Unsafe || p.Category == supply.Category))
            .Select(p => new Candidate<SourcePrompt>([p.Category, p.Source, p.SourceCategory], Rank(p, seed), p.Id, p)));
    }

    private static IReadOnlyList<SourcePrompt> Ranked(IEnumerable<SourcePrompt> prompts, ulong seed) => [.. prompts.OrderBy(p => Rank(p, seed)).ThenBy(p => p.Id, StringComparer.Ordinal)];

    private static ulong Rank(SourcePrompt prompt, ulong seed) => StableHash.Of(seed.ToString(CultureInfo.InvariantCulture), prompt.Id);

    /// <summary>Without what training data, or the built-in training and Fisher prompts, ask. Only prompts of the sources are told: that the generator's are left out is no news.</summary>
    private static (IReadOnlyList<SourcePrompt> Clean, Contaminated Contaminated) WithoutKnown(
        IReadOnlyList<SourcePrompt> prompts, IReadOnlyList<ulong[]> shingles, IEnumerable<string> training, double threshold)
    {
        var reserved = PromptBank.AlignmentTrain().Concat(PromptBank.Fisher(@unsafe: true)).Concat(PromptBank.Fisher(@unsafe: false)).Select(p => PromptSet.Normalise(p.Text)).ToHashSet();
        var found = Contamination.Find(prompts, shingles, training, threshold);
        var clean = prompts.Where((p, i) => !found.ContainsKey(i) && !reserved.Contains(p.Normalised)).ToList();
        return (clean, new Contaminated(
            Ids((p, i) => !found.ContainsKey(i) && reserved.Contains(p.Normalised)),
            Ids((_, i) => found.TryGetValue(i, out var kind) && kind == ContaminationKind.Exact),
            Ids((_, i) => found.TryGetValue(i, out var kind) && kind == ContaminationKind.Near),
            Ids((_, i) => found.TryGetValue(i, out var kind) && kind == ContaminationKind.Grams)));

        IReadOnlyList<string> Ids(Func<SourcePrompt, int, bool> chosen) => [.. prompts.Where((p, i) => p.Source != SourcePrompt.Builtin && chosen(p, i)).Select(p => p.Id).Order(StringComparer.Ordinal)];
    }
}
