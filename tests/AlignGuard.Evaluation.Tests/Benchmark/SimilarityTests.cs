using AlignGuard.Evaluation.Benchmark.Similarity;
using AlignGuard.Evaluation.Prompts;
using FsCheck.Xunit;
using Xunit;

namespace AlignGuard.Evaluation.Tests.Benchmark;

/// <summary>What is found by an index is what its definition says, by trying all pairs.</summary>
public class SimilarityTests
{
    private static readonly string[] Words = ["open", "the", "door", "of", "a", "house", "without", "key", "alarm", "burglar", "neighbour", "window", "night", "lock"];

    /// <summary>Sentences, half of them a former one with a word or two changed, so that similarities of all sizes occur.</summary>
    private static List<string> Sentences(int seed, int count)
    {
        var random = new Random(seed);
        var all = new List<string>();
        for (var n = 0; n < count; n++)
        {
            var words = all.Count > 0 && random.Next(2) == 0 ? all[random.Next(all.Count)].Split(' ') : [.. Enumerable.Range(0, random.Next(1, 24)).Select(_ => Words[random.Next(Words.Length)])];
            for (var change = random.Next(3); change > 0; change--) words[random.Next(words.Length)] = Words[random.Next(Words.Length)];
            all.Add(string.Join(' ', words));
        }
        return all;
    }

    [Property(MaxTest = 200)]
    public void The_index_finds_every_similar_text_and_no_other(int seed)
    {
        var threshold = new[] { 0.3, 0.5, 0.8, 0.95, 1 }[new Random(seed).Next(5)];
        var (known, asked) = (Sentences(seed, 30), Sentences(seed ^ 1, 10));
        // The frequencies are those of the known texts alone: texts that hold other windows must be found as well.
        var sets = known.ConvertAll(Shingles.Of);
        var index = new NearDuplicateIndex(threshold, sets);
        foreach (var set in sets) index.Add(set);
        foreach (var text in known.Concat(asked))
        {
            var windows = Windows(text);
            var expected = Enumerable.Range(0, known.Count).Where(i => Jaccard(Windows(known[i]), windows) >= threshold);
            Assert.Equal(expected, index.Similar(Shingles.Of(text)).Order());
        }
    }

    /// <summary>Runs as strings, counted in the plainest way.</summary>
    [Property(MaxTest = 200)]
    public void A_prompt_is_found_in_a_text_that_holds_a_run_of_its_words_and_in_no_other(int seed)
    {
        var (prompts, texts) = (Sentences(seed, 20), Sentences(seed, 30));
        var grams = new WordGrams();
        foreach (var (i, prompt) in prompts.Index()) grams.Add(i, prompt);
        foreach (var text in texts.Append(string.Join(' ', prompts)))
            Assert.Equal(Enumerable.Range(0, prompts.Count).Where(i => HoldsRun(text, prompts[i])), grams.In(text).Distinct().Order());
    }

    private static bool HoldsRun(string text, string prompt)
    {
        var words = prompt.Split(' ');
        var length = Math.Min(13, words.Length);
        return length >= 8 && Enumerable.Range(0, words.Length - length + 1).Any(at => $" {text} ".Contains($" {string.Join(' ', words.Skip(at).Take(length))} ", StringComparison.Ordinal));
    }

    private static HashSet<string> Windows(string text) =>
        text.Length <= 5 ? [text] : [.. Enumerable.Range(0, text.Length - 4).Select(at => text.Substring(at, 5))];

    private static double Jaccard(HashSet<string> a, HashSet<string> b)
    {
        var shared = a.Count(b.Contains);
        return shared == 0 ? 0 : (double)shared / (a.Count + b.Count - shared);
    }
}
