using System.Text;
using System.Text.RegularExpressions;

namespace AlignGuard.Models.Tokenizers;

/// <summary>A token that is found in the text before BPE sees it, as in <c>added_tokens</c> of tokenizer.json.</summary>
/// <param name="Special">Control token: left out when decoding for readers.</param>
/// <param name="SingleWord">Only where no word character touches it.</param>
/// <param name="LStrip">Takes the white space on its left with it.</param>
/// <param name="RStrip">Takes the white space on its right with it.</param>
/// <param name="Normalized">Found in the normalised text instead of the raw one.</param>
internal sealed record AddedToken(int Id, string Content, bool Special, bool SingleWord, bool LStrip, bool RStrip, bool Normalized);

/// <summary>Finds added tokens: leftmost first, of those the longest.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly Dictionary<string, AddedToken> tokens = new(StringComparer.Ordinal);
    private readonly Regex? pattern;

    /// <param name="written">How the tokens read in the text that is searched.</param>
    public AddedTokenMatcher(IEnumerable<AddedToken> added, Func<string, string> written)
    {
        foreach (var token in added) tokens.TryAdd(written(token.Content), token);
        if (tokens.Count > 0)
            pattern = new Regex(
                string.Join('|', tokens.Keys.OrderByDescending(k => k.Length).ThenBy(k => k, StringComparer.Ordinal).Select(Regex.Escape)),
                RegexOptions.CultureInvariant);
    }

    /// <summary>The text in parts: an added token's id, or plain text (id null).</summary>
    public IEnumerable<(int? Id, string Text)> Split(string text)
    {
        if (pattern is null) return [(null, text)];
        var parts = new List<(int?, string)>();
        var done = 0;
        for (var match = pattern.Match(text); match.Success; match = match.NextMatch())
        {
            var token = tokens[match.Value];
            var (start, end) = (match.Index, match.Index + match.Length);
            // The token before may have taken this one's white space (rstrip).
            if (start < done) continue;
            if (token.SingleWord && (IsWord(LastRune(text.AsSpan(0, start))) || IsWord(FirstRune(text.AsSpan(end))))) continue;
            if (token.LStrip) start = Math.Max(done, text.AsSpan(0, start).TrimEnd().Length);
            if (token.RStrip) end = text.Length - text.AsSpan(end).TrimStart().Length;
            if (start > done) parts.Add((null, text[done..start]));
            parts.Add((token.Id, text[start..end]));
            done = end;
        }
        if (done < text.Length) parts.Add((null, text[done..]));
        return parts;
    }

    private static Rune? FirstRune(ReadOnlySpan<char> text) => Rune.DecodeFromUtf16(text, out var rune, out _) == 0 ? rune : null;

    private static Rune? LastRune(ReadOnlySpan<char> text) => Rune.DecodeLastFromUtf16(text, out var rune, out _) == 0 ? rune : null;

    private static bool IsWord(Rune? rune) => rune is { } r && (Rune.IsLetterOrDigit(r) || r.Value == '_');
}
