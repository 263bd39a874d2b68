namespace AlignGuard.Models.Tokenizers;

/// <param name="VocabSize">Ids in all: special tokens, 256 bytes, merges. Fewer when the text runs out of pairs.</param>
/// <param name="MinFrequency">Pairs that occur less often are not merged. Default: 2.</param>
/// <param name="SpecialTokens">Get the lowest ids, in this order; no merge ever makes one of them.</param>
public sealed record BpeTrainerOptions(int VocabSize, int MinFrequency = 2, params IReadOnlyList<string> SpecialTokens);

/// <summary>
/// Trains a byte-level BPE with GPT-2's pre-tokenization. Words are counted first; pair counts are kept up to date per merge, so the cost
/// grows with the distinct words. The same texts, in any order, give the same tokenizer: ties go to the pair that is first in ordinal order.
/// </summary>
public static class BpeTrainer
{
    /// <exception cref="ArgumentException">A vocabulary too small for the bytes and special tokens, or a special token twice, empty or of one byte.</exception>
    public static TrainedBpe Train(IEnumerable<string> texts, BpeTrainerOptions options)
    {
        var tokens = new List<string>(options.SpecialTokens);
        if (tokens.Distinct(StringComparer.Ordinal).Count() != tokens.Count) throw new ArgumentException("A special token is listed twice.", nameof(options));
        if (tokens.Any(t => t.Length < 2)) throw new ArgumentException("A special token needs two characters or more.", nameof(options));
        tokens.AddRange(ByteAlphabet.Characters.Select(c => c.ToString()));
        if (options.VocabSize < tokens.Count)
            throw new ArgumentException($"VocabSize {options.VocabSize} is below the {tokens.Count} that bytes and special tokens take.", nameof(options));

        var state = new BpeMergeState(tokens, CountWords(texts), options.SpecialTokens, Math.Max(1, options.MinFrequency));
        var merges = new List<(string, string)>();
        while (tokens.Count < options.VocabSize && state.MergeBest() is { } merge) merges.Add(merge);
        return new TrainedBpe(tokens, merges, options.SpecialTokens);
    }

    private static Dictionary<string, long> CountWords(IEnumerable<string> texts)
    {
        var words = new ByteLevelPreTokenizer(addPrefixSpace: false, useRegex: true);
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var text in texts)
            foreach (var word in words.Split(HfTokenizer.WellFormed(text), default))
                System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(counts, word, out _)++;
        return counts;
    }
}
