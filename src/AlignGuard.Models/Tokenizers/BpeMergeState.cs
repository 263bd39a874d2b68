using System.Runtime.InteropServices;

namespace AlignGuard.Models.Tokenizers;

/// <summary>The words as symbols, with the count of every pair of neighbours and the words it occurs in.</summary>
internal sealed class BpeMergeState
{
    private readonly List<string> tokens;
    private readonly Dictionary<string, int> ids;
    private readonly HashSet<string> forbidden;
    private readonly int minFrequency;
    private readonly List<List<int>> words = [];
    private readonly List<long> frequency = [];
    private readonly Dictionary<(int Left, int Right), long> counts = [];
    private readonly Dictionary<(int Left, int Right), HashSet<int>> places = [];
    private readonly PriorityQueue<(int Left, int Right), (long Count, string Left, string Right)> queue;

    /// <param name="tokens">Special tokens and the byte alphabet; merges are appended to it.</param>
    public BpeMergeState(List<string> tokens, Dictionary<string, long> wordCounts, IEnumerable<string> special, int minFrequency)
    {
        this.tokens = tokens;
        this.minFrequency = minFrequency;
        forbidden = new HashSet<string>(special, StringComparer.Ordinal);
        ids = tokens.Select((t, i) => (t, i)).ToDictionary(x => x.t, x => x.i, StringComparer.Ordinal);
        queue = new(Comparer<(long Count, string Left, string Right)>.Create((a, b) =>
            a.Count != b.Count ? b.Count.CompareTo(a.Count)
            : string.CompareOrdinal(a.Left, b.Left) is var left && left != 0 ? left
            : string.CompareOrdinal(a.Right, b.Right)));
        foreach (var (word, count) in wordCounts)
        {
            words.Add([.. ByteAlphabet.Encode(word).Select(c => ids[c.ToString()])]);
            frequency.Add(count);
            for (var i = 0; i + 1 < words[^1].Count; i++) Change((words[^1][i], words[^1][i + 1]), words.Count - 1, count);
        }
        foreach (var pair in counts.Keys) Enqueue(pair);
    }

    /// <summary>Merges the most frequent pair everywhere; null when no pair is frequent enough.</summary>
    public (string Left, string Right)? MergeBest()
    {
        while (queue.TryDequeue(out var pair, out var queued))
        {
            // Counts change while a pair waits: an outdated entry goes back with its present count.
            var now = counts.GetValueOrDefault(pair);
            if (now < minFrequency) continue;
            if (now != queued.Count)
            {
                Enqueue(pair);
                continue;
            }
            var (left, right) = (tokens[pair.Left], tokens[pair.Right]);
            if (forbidden.Contains(left + right)) continue;
            Merge(pair, left + right);
            return (left, right);
        }
        return null;
    }

    private void Merge((int Left, int Right) pair, string token)
    {
        // Two pairs can make the same token ("ab"+"c", "a"+"bc"): it keeps its id.
        if (!ids.TryGetValue(token, out var id))
        {
            ids[token] = id = tokens.Count;
            tokens.Add(token);
        }
        var changed = new HashSet<(int, int)>();
        foreach (var w in places[pair].ToArray())
        {
            var word = words[w];
            for (var i = 0; i + 1 < word.Count; i++) Change((word[i], word[i + 1]), w, -frequency[w]);
            for (var i = 0; i + 1 < word.Count; i++)
            {
                if (word[i] != pair.Left || word[i + 1] != pair.Right) continue;
                word[i] = id;
                word.RemoveAt(i + 1);
            }
            for (var i = 0; i + 1 < word.Count; i++)
            {
                Change((word[i], word[i + 1]), w, frequency[w]);
                if (word[i] == id || word[i + 1] == id) changed.Add((word[i], word[i + 1]));
            }
        }
        // Only pairs with the new token grow; the others shrink, which a waiting entry notices when it is taken.
        foreach (var grown in changed) Enqueue(grown);
    }

    private void Enqueue((int Left, int Right) pair)
    {
        var count = counts.GetValueOrDefault(pair);
        if (count >= minFrequency) queue.Enqueue(pair, (count, tokens[pair.Left], tokens[pair.Right]));
    }

    private void Change((int Left, int Right) pair, int word, long by)
    {
        ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(counts, pair, out _);
        count += by;
        if (by > 0)
        {
            ref var set = ref CollectionsMarshal.GetValueRefOrAddDefault(places, pair, out _);
            (set ??= []).Add(word);
        }
        else if (places.TryGetValue(pair, out var set))
        {
            set.Remove(word);
        }
    }
}
