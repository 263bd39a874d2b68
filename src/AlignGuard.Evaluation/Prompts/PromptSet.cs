using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AlignGuard.Evaluation.Prompts;

/// <summary>What holds of a set of prompts as a whole.</summary>
public static class PromptSet
{
    /// <summary>A prompt of each of two sets whose normalised texts are equal.</summary>
    public sealed record Shared(Prompt A, Prompt B);

    /// <summary>
    /// The prompts of <paramref name="a"/> that also occur in <paramref name="b"/>, whatever their case, punctuation and
    /// spacing. Data that is evaluated must not overlap data that was used before: a caller refuses a non-empty result.
    /// </summary>
    public static IReadOnlyList<Shared> Overlap(IEnumerable<Prompt> a, IEnumerable<Prompt> b)
    {
        var known = new Dictionary<string, Prompt>(StringComparer.Ordinal);
        foreach (var prompt in b)
            known.TryAdd(Normalise(prompt.Text), prompt);
        return [.. a.Where(p => known.ContainsKey(Normalise(p.Text))).Select(p => new Shared(p, known[Normalise(p.Text)]))];
    }

    /// <summary>The first of all that ask the same: each would count again as evidence.</summary>
    /// <param name="source">Names the prompts in the sentence.</param>
    /// <returns>And what was left out, in a sentence; null = nothing.</returns>
    public static (IReadOnlyList<Prompt> Kept, string? LeftOut) Distinct(IReadOnlyList<Prompt> prompts, string source)
    {
        var kept = prompts.DistinctBy(p => Normalise(p.Text) is { Length: > 0 } words ? words : p.Text).ToList();
        return (kept, kept.Count == prompts.Count ? null : $"{source}: {prompts.Count - kept.Count:N0} of {prompts.Count:N0} prompts ask what another asks, and are left out: each would count again as evidence.");
    }

    /// <summary>NFKC, lower case, letters and digits only, words parted by one space.</summary>
    public static string Normalise(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.Normalize(NormalizationForm.FormKC).ToLowerInvariant().EnumerateRunes())
        {
            // Combining marks belong to their letter: without them, texts in Indic scripts would fall together.
            if (Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark)
                result.Append(rune);
            else if (rune.Value is '\'' or '\u2019')
                continue; // don't = dont
            else if (result.Length > 0 && result[^1] != ' ')
                result.Append(' ');
        }
        return result.ToString().TrimEnd();
    }

    /// <summary>
    /// SHA-256, in lower-case hex, of the prompts in their order: id, category, class and text of each, as UTF-8 preceded by
    /// its length, so that no two different sets have the same bytes.
    /// </summary>
    public static string Sha256(IEnumerable<Prompt> prompts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var prompt in prompts)
        {
            foreach (var field in new[] { prompt.Id, prompt.Category, prompt.Unsafe ? "unsafe" : "safe", prompt.Text })
            {
                var bytes = Encoding.UTF8.GetBytes(field);
                hash.AppendData(Encoding.ASCII.GetBytes(bytes.Length.ToString(CultureInfo.InvariantCulture) + ":"));
                hash.AppendData(bytes);
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
