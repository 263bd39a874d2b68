namespace AlignGuard.Evaluation.Benchmark.Similarity;

/// <summary>
/// Finds texts whose shingles have a Jaccard similarity of a threshold or more: exactly, nothing is estimated. Two sets that are so similar share one of the rarest
/// few of their members (prefix filtering: Chaudhuri et al. 2006; Xiao et al. 2008), so only texts that do are compared.
/// </summary>
internal sealed class NearDuplicateIndex
{
    private readonly double _threshold;
    private readonly Dictionary<ulong, int> _frequency;
    private readonly Dictionary<ulong, List<int>> _postings = [];
    private readonly List<ulong[]> _sets = [];
    private readonly List<int> _seen = [];
    private int _query;

    /// <param name="threshold">Within (0, 1].</param>
    /// <param name="corpus">Texts of the kind that will come, as <see cref="Shingles.Of"/>: what is rare is counted in them. Other texts are found too, only slower.</param>
    public NearDuplicateIndex(double threshold, IEnumerable<ulong[]> corpus)
    {
        if (threshold is not (> 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(threshold), threshold, "A similarity is within 0 and 1.");
        _threshold = threshold;
        _frequency = [];
        foreach (var set in corpus)
            foreach (var shingle in set)
                System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_frequency, shingle, out _)++;
    }

    /// <summary>Adds a set under the next number, from 0.</summary>
    public void Add(ulong[] set)
    {
        foreach (var shingle in Prefix(set))
        {
            if (!_postings.TryGetValue(shingle, out var texts)) _postings[shingle] = texts = [];
            texts.Add(_sets.Count);
        }
        _sets.Add(set);
        _seen.Add(0);
    }

    /// <summary>Numbers of the sets added so far that are as similar, each once.</summary>
    public IEnumerable<int> Similar(ulong[] set)
    {
        var query = ++_query;
        foreach (var shingle in Prefix(set))
        {
            if (!_postings.TryGetValue(shingle, out var texts)) continue;
            foreach (var text in texts)
            {
                if (_seen[text] == query) continue;
                _seen[text] = query;
                var other = _sets[text];
                // Sizes further apart than the threshold can not be as similar.
                if (Math.Min(set.Length, other.Length) >= _threshold * Math.Max(set.Length, other.Length) && Shingles.Jaccard(set, other) >= _threshold) yield return text;
            }
        }
    }

    /// <summary>The rarest n − ⌈t·n⌉ + 1 members: a set with Jaccard t or more shares at least ⌈t·n⌉ members, so it can not miss all of these.</summary>
    private ulong[] Prefix(ulong[] set)
    {
        if (set.Length == 0) return [];
        var length = Math.Min(set.Length, set.Length - (int)Math.Ceiling(_threshold * set.Length - 1e-9) + 1);
        var order = set.Select(s => (_frequency.GetValueOrDefault(s), s)).ToArray();
        Array.Sort(order);
        return [.. order.Take(length).Select(o => o.s)];
    }
}
