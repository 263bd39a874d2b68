using System.Text;

namespace AlignGuard.Evaluation.Prompts;

/// <summary>
/// A 64-bit hash of text that is the same on every machine, culture and runtime version: FNV-1a over UTF-8, then the
/// SplitMix64 finaliser, because FNV's low bits alone are too regular to draw splits from.
/// </summary>
public static class StableHash
{
    /// <summary>The hash of the parts joined by U+001F, so that ("ab","c") and ("a","bc") differ.</summary>
    public static ulong Of(params ReadOnlySpan<string> parts)
    {
        var hash = 14695981039346656037UL;
        for (var i = 0; i < parts.Length; i++)
        {
            if (i > 0)
                hash = (hash ^ 0x1F) * 1099511628211UL;
            foreach (var b in Encoding.UTF8.GetBytes(parts[i]))
                hash = (hash ^ b) * 1099511628211UL;
        }
        return Mix(hash);
    }

    /// <summary>An index in [0, count) from the hash of the parts.</summary>
    public static int Index(int count, params ReadOnlySpan<string> parts) => (int)(Of(parts) % (ulong)count);

    internal static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
