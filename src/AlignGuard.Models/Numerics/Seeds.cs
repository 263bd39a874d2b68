using System.Text;

namespace AlignGuard.Models.Numerics;

/// <summary>
/// Every random choice of a run is a function of (seed, purpose, indices), never of how many numbers were drawn before.
/// That makes a killed and resumed run bit-equal to an undisturbed one without saving any generator's state.
/// </summary>
public static class Seeds
{
    /// <summary>Derives a non-negative 63-bit seed. The mapping is stable across machines and versions (FNV-1a, then SplitMix64).</summary>
    public static long Derive(long seed, string purpose, params ReadOnlySpan<long> indices)
    {
        var state = 14695981039346656037UL;
        foreach (var b in Encoding.UTF8.GetBytes(purpose)) state = (state ^ b) * 1099511628211UL;
        state = Mix(state ^ Mix((ulong)seed));
        foreach (var index in indices) state = Mix(state ^ Mix((ulong)index + 0x9E3779B97F4A7C15UL));
        return (long)(state >> 1);
    }

    /// <summary>A small generator for choices made on the host (row samples, shuffles). Not for cryptography.</summary>
    public static HostRandom Host(long seed, string purpose, params ReadOnlySpan<long> indices) => new((ulong)Derive(seed, purpose, indices));

    internal static ulong Mix(ulong z)
    {
        z += 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}

/// <summary>SplitMix64: its sequence is fixed by us, unlike <see cref="Random"/>, whose algorithm may change with the runtime.</summary>
public sealed class HostRandom(ulong state)
{
    private ulong _state = state;

    /// <summary>Uniform in [0, 1).</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [0, exclusiveMax).</summary>
    public int NextInt(int exclusiveMax) => (int)(NextDouble() * exclusiveMax);

    /// <summary>A permutation of 0..n-1 (Fisher–Yates).</summary>
    public int[] Permutation(int n)
    {
        var order = new int[n];
        for (var i = 0; i < n; i++) order[i] = i;
        for (var i = n - 1; i > 0; i--)
        {
            var j = NextInt(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }

    /// <summary><paramref name="count"/> distinct numbers of 0..n-1, ascending.</summary>
    public long[] Sample(int n, int count)
    {
        if (count >= n) return [.. Enumerable.Range(0, n).Select(i => (long)i)];
        var chosen = new HashSet<int>();
        for (var j = n - count; j < n; j++)                     // Floyd's algorithm: one draw a number
        {
            var t = NextInt(j + 1);
            if (!chosen.Add(t)) chosen.Add(j);
        }
        return [.. chosen.Order().Select(i => (long)i)];
    }

    private ulong Next()
    {
        _state += 0x9E3779B97F4A7C15UL;
        return Seeds.Mix(_state);
    }
}
