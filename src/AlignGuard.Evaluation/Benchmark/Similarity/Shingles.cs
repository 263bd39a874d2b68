using AlignGuard.Evaluation.Prompts;

namespace AlignGuard.Evaluation.Benchmark.Similarity;

/// <summary>A text as the set of its windows of five characters (Broder 1997), after <see cref="PromptSet.Normalise"/>; a shorter text is one window.</summary>
internal static class Shingles
{
    /// <summary>Characters of a window.</summary>
    public const int Width = 5;

    /// <summary>Distinct hashes in ascending order; none for an empty text.</summary>
    public static ulong[] Of(string normalised)
    {
        if (normalised.Length == 0) return [];
        if (normalised.Length <= Width) return [Hash(normalised)];
        var all = new ulong[normalised.Length - Width + 1];
        for (var i = 0; i < all.Length; i++) all[i] = Hash(normalised.AsSpan(i, Width));
        Array.Sort(all);
        var distinct = 1;
        for (var i = 1; i < all.Length; i++)
            if (all[i] != all[i - 1]) all[distinct++] = all[i];
        return all[..distinct];
    }

    /// <summary>|a ∩ b| / |a ∪ b| of two ascending sets.</summary>
    public static double Jaccard(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b)
    {
        var shared = Shared(a, b);
        return shared == 0 ? 0 : (double)shared / (a.Length + b.Length - shared);
    }

    private static int Shared(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b)
    {
        var shared = 0;
        for (int i = 0, j = 0; i < a.Length && j < b.Length;)
        {
            if (a[i] == b[j]) (shared, i, j) = (shared + 1, i + 1, j + 1);
            else if (a[i] < b[j]) i++;
            else j++;
        }
        return shared;
    }

    private static ulong Hash(ReadOnlySpan<char> window)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in window) hash = (hash ^ c) * 1099511628211UL;
        return StableHash.Mix(hash);
    }
}
