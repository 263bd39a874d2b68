using AlignGuard.Domain.Benchmark;
using AlignGuard.Evaluation.Benchmark;
using AlignGuard.Evaluation.Benchmark.Similarity;
using AlignGuard.Evaluation.Prompts;
using FsCheck.Xunit;
using Xunit;

namespace AlignGuard.Evaluation.Tests.Benchmark;

/// <summary>What holds of every benchmark, whatever the sources.</summary>
public class BuilderLawTests
{
    /// <summary>Prompts of few words, so that equal, similar and differently labelled ones are common.</summary>
    private static List<SourcePrompt> Candidates(Random random)
    {
        string[] words = ["open", "door", "house", "key", "alarm", "night", "lock", "window", "garden", "train", "letter", "river"];
        return [.. Enumerable.Range(0, random.Next(40, 400)).Select(_ =>
        {
            var (text, isUnsafe) = (string.Join(' ', Enumerable.Range(0, random.Next(2, 6)).Select(_ => words[random.Next(words.Length)])), random.Next(3) > 0);
            var category = HarmCategory.Names[random.Next(HarmCategory.Names.Count)];
            return new SourcePrompt(text, isUnsafe, isUnsafe ? category : SourcePrompt.General, CategorySource.Source, $"set{random.Next(3)}", category);
        })];
    }

    [Property(MaxTest = 60)]
    public void A_benchmark_has_exact_shares_of_its_sources_prompts_with_their_labels_and_nothing_twice_or_trained_on(int seed)
    {
        var random = new Random(seed);
        var candidates = Candidates(random);
        var training = candidates.Where(_ => random.Next(10) == 0).Select(c => c.Text.ToUpperInvariant() + "!").ToList();
        var settings = new BenchmarkSettings { Size = random.Next(2, 60), Seed = (ulong)random.Next() };
        var built = BenchmarkBuilder.Build(candidates, training, settings);

        Assert.Equal(built.Missing.Sum() == 0, built.Complete);
        if (!built.Complete) return;
        Assert.Equal(settings.Size, built.Prompts.Count);
        Assert.Equal(built.Supplies.Select(s => s.Need), built.Supplies.Select(s => built.Prompts.Count(p => p.Label == s.Label && (!p.Unsafe || p.Category == s.Category))));
        Assert.Subset(candidates.ToHashSet(), built.Prompts.ToHashSet());
        Assert.DoesNotContain(built.Prompts, p => candidates.Any(c => c.Unsafe != p.Unsafe && c.Normalised == p.Normalised));
        var trained = training.Select(t => Shingles.Of(PromptSet.Normalise(t))).ToList();
        foreach (var label in built.Prompts.GroupBy(p => p.Unsafe))
        {
            var sets = label.Select(p => Shingles.Of(p.Normalised)).ToList();
            foreach (var (i, set) in sets.Index())
                Assert.All(sets.Take(i).Concat(trained), other => Assert.True(Shingles.Jaccard(set, other) < settings.NearDuplicate));
        }
    }

    /// <summary>Without similar prompts, of which the first stays, the order of the sources says nothing.</summary>
    [Property(MaxTest = 30)]
    public void Distinct_prompts_give_the_same_bytes_in_any_order(int seed)
    {
        var random = new Random(seed);
        var distinct = Deduplication.Of(Candidates(random), 0.8).Kept.ToArray();
        var settings = new BenchmarkSettings { Size = random.Next(2, 40), Seed = (ulong)random.Next() };
        var one = BenchmarkFiles.Prompts(BenchmarkBuilder.Build(distinct, [], settings));
        random.Shuffle(distinct);
        Assert.Equal(one, BenchmarkFiles.Prompts(BenchmarkBuilder.Build(distinct, [], settings)));
    }
}
