using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace AlignGuard.Models.Tokenizers;

/// <summary>Changes a text before it is cut.</summary>
internal interface INormalizer
{
    /// <param name="continuation">The text goes on after text that was encoded before: nothing is put before it.</param>
    string Apply(string text, bool continuation);
}

internal sealed class UnicodeNormalizer(NormalizationForm form) : INormalizer
{
    public string Apply(string text, bool continuation) => text.Normalize(form);
}

internal sealed class LowercaseNormalizer : INormalizer
{
    public string Apply(string text, bool continuation) => text.ToLowerInvariant();
}

/// <summary>Drops combining marks; accents are such after NFD or NFKD.</summary>
internal sealed class StripAccentsNormalizer : INormalizer
{
    public string Apply(string text, bool continuation)
    {
        var kept = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            if (Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark)) kept.Append(rune.ToString());
        return kept.ToString();
    }
}

internal sealed class StripNormalizer(bool left, bool right) : INormalizer
{
    public string Apply(string text, bool continuation)
    {
        if (left && !continuation) text = text.TrimStart();
        return right ? text.TrimEnd() : text;
    }
}

/// <summary>A step makes far more text than it was given.</summary>
internal sealed class TextGrowthException(long length) : Exception($"makes more than {length:N0} characters of one text");

internal sealed class ReplaceNormalizer(Regex? pattern, string? literal, string content) : INormalizer
{
    // Looked at before text is made: a long replacement of a frequent letter would fill the memory.
    public string Apply(string text, bool continuation)
    {
        var (left, most) = (TextGrowth.Most(text.Length), TextGrowth.Most(text.Length));
        if (literal is not null)
        {
            if ((long)text.AsSpan().Count(literal) * content.Length > most) throw new TextGrowthException(most);
            return text.Replace(literal, content, StringComparison.Ordinal);
        }
        return pattern!.Replace(text, _ => (left -= content.Length) >= 0 ? content : throw new TextGrowthException(most));
    }
}

internal static class TextGrowth
{
    /// <summary>The most characters that steps may make of a text; Unicode's own forms make up to eighteen of one.</summary>
    public static long Most(long length) => 18 * length + 4096;
}

internal sealed class PrependNormalizer(string prefix) : INormalizer
{
    public string Apply(string text, bool continuation) => text.Length == 0 || continuation ? text : prefix + text;
}

internal sealed class PrecompiledNormalizer(CharsMap map) : INormalizer
{
    public string Apply(string text, bool continuation) => map.Apply(text);
}
