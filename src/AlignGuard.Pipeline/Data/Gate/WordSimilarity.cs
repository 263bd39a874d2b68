using AlignGuard.Evaluation.Prompts;

namespace AlignGuard.Pipeline.Data.Gate;

/// <summary>
/// Cosine of a text's words with those of the nearest of some prompts, rare words weighing more (tf-idf over the prompts). The diagnostic of arXiv 2506.05346 takes the hidden states of the base model in place of
/// words; words are what there is before a device is paid for.
/// </summary>
internal sealed class WordSimilarity
{
    private readonly Dictionary<string, double> weights = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<(int Prompt, double Value)>> index = new(StringComparer.Ordinal);

    // A word that no prompt has is as rare as one that a single prompt has.
    private readonly double unknown;

    public WordSimilarity(IReadOnlyList<Prompt> prompts)
    {
        var texts = prompts.Select(p => Words(p.Text)).ToList();
        foreach (var word in texts.SelectMany(t => t.Keys).GroupBy(w => w)) weights[word.Key] = Math.Log((1.0 + prompts.Count) / word.Count()) + 1;
        unknown = Math.Log(1.0 + prompts.Count) + 1;
        for (var n = 0; n < texts.Count; n++)
            foreach (var (word, value) in Unit(texts[n]))
            {
                if (!index.TryGetValue(word, out var holders)) index[word] = holders = [];
                holders.Add((n, value));
            }
    }

    /// <summary>0: no word in common with any prompt; 1: the same words as one of them.</summary>
    public double Nearest(string text)
    {
        var products = new Dictionary<int, double>();
        foreach (var (word, value) in Unit(Words(text)))
            if (index.TryGetValue(word, out var holders))
                foreach (var (prompt, other) in holders) products[prompt] = products.GetValueOrDefault(prompt) + value * other;
        return products.Count == 0 ? 0 : Math.Min(1, products.Values.Max());
    }

    private Dictionary<string, double> Unit(Dictionary<string, int> words)
    {
        var weighed = words.ToDictionary(w => w.Key, w => w.Value * weights.GetValueOrDefault(w.Key, unknown));
        var norm = Math.Sqrt(weighed.Values.Sum(v => v * v));
        return norm == 0 ? [] : weighed.ToDictionary(w => w.Key, w => w.Value / norm);
    }

    private static Dictionary<string, int> Words(string text) =>
        PromptSet.Normalise(text).Split(' ', StringSplitOptions.RemoveEmptyEntries).GroupBy(w => w).ToDictionary(g => g.Key, g => g.Count());
}
