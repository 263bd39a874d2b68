using AlignGuard.Evaluation.Prompts;

namespace AlignGuard.Evaluation.Benchmark.Similarity;

/// <summary>
/// Runs of words that two texts share. As in GPT-3's check (Brown et al. 2020, appendix C) a run has 13 words; a prompt of 8 to 12 words is one run, a shorter
/// one is too common for this.
/// </summary>
internal sealed class WordGrams
{
    /// <summary>Words of a run.</summary>
    public const int Longest = 13;

    /// <summary>Words of the shortest prompt that is looked for.</summary>
    public const int Shortest = 8;

    private readonly Dictionary<int, Dictionary<ulong, List<int>>> _byLength = [];

    /// <param name="number">What <see cref="In"/> calls it.</param>
    public void Add(int number, string normalised)
    {
        var words = Words(normalised);
        var n = Math.Min(Longest, words.Length);
        if (n < Shortest) return;
        if (!_byLength.TryGetValue(n, out var grams)) _byLength[n] = grams = [];
        foreach (var gram in Grams(words, n).Distinct())
        {
            if (!grams.TryGetValue(gram, out var texts)) grams[gram] = texts = [];
            texts.Add(number);
        }
    }

    /// <summary>Numbers of the added texts of which a run occurs in this one, some perhaps several times.</summary>
    public IEnumerable<int> In(string normalised)
    {
        var words = Words(normalised);
        foreach (var (n, grams) in _byLength)
            foreach (var gram in Grams(words, n))
                if (grams.TryGetValue(gram, out var texts))
                    foreach (var text in texts) yield return text;
    }

    private static ulong[] Words(string normalised) => [.. normalised.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(w => StableHash.Of(w))];

    private static IEnumerable<ulong> Grams(ulong[] words, int n)
    {
        for (var at = 0; at + n <= words.Length; at++)
        {
            var hash = 14695981039346656037UL;
            for (var i = at; i < at + n; i++) hash = StableHash.Mix(hash ^ words[i]);
            yield return hash;
        }
    }
}
