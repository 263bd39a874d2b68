namespace AlignGuard.Evaluation.Prompts;

/// <summary>SplitMix64. System.Random's sequence is not promised across runtime versions; this one is fixed.</summary>
public sealed class StableRandom(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        _state += 0x9E3779B97F4A7C15UL;
        return StableHash.Mix(_state);
    }

    /// <summary>An integer in [0, count). The modulo bias (below 2^-50 for the counts used here) is accepted.</summary>
    public int Next(int count) => (int)(Next() % (ulong)count);

    /// <summary>Fisher–Yates, in place.</summary>
    public void Shuffle<T>(IList<T> items)
    {
        for (var i = items.Count - 1; i > 0; i--)
        {
            var j = Next(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
