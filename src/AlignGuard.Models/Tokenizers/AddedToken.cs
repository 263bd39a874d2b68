using System.Text;

namespace AlignGuard.Models.Tokenizers;

/// <summary>A token that is found in the text before the model sees it, as in <c>added_tokens</c> of tokenizer.json.</summary>
/// <param name="Special">Control token: left out when decoding for readers.</param>
/// <param name="SingleWord">Only where no word character touches it.</param>
/// <param name="LStrip">Takes the white space on its left with it.</param>
/// <param name="RStrip">Takes the white space on its right with it.</param>
/// <param name="Normalized">Found in the normalised text instead of the raw one.</param>
internal sealed record AddedToken(int Id, string Content, bool Special, bool SingleWord, bool LStrip, bool RStrip, bool Normalized);

/// <summary>Finds added tokens: leftmost first, of those the longest. A look-up per length, so that thousands of tokens cost no more than one.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly Dictionary<string, AddedToken> tokens = new(StringComparer.Ordinal);
    private readonly Dictionary<char, int[]> lengths;

    /// <param name="written">How the tokens read in the text that is searched.</param>
    public AddedTokenMatcher(IEnumerable<AddedToken> added, Func<string, string> written)
    {
        foreach (var token in added)
            if (written(token.Content) is { Length: > 0 } text) tokens.TryAdd(text, token);
        lengths = tokens.Keys.GroupBy(k => k[0]).ToDictionary(g => g.Key, g => g.Select(k => k.Length).Distinct().OrderDescending().ToArray());
    }

    /// <summary>The longest token that begins at a place; null when none does.</summary>
    public (AddedToken Token, int Length)? At(ReadOnlySpan<char> text, int place)
    {
        if (!lengths.TryGetValue(text[place], out var candidates)) return null;
        var byText = tokens.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var length in candidates)
            if (place + length <= text.Length && byText.TryGetValue(text.Slice(place, length), out var token)) return (token, length);
        return null;
    }

    /// <summary>The text in parts: an added token's id, or plain text (id null).</summary>
    /// <param name="may">Whether a token may be read from start to end; null = always.</param>
    public IEnumerable<(int? Id, int Start, string Text)> Split(string text, Func<AddedToken, int, int, bool>? may = null)
    {
        if (tokens.Count == 0) return [(null, 0, text)];
        var parts = new List<(int?, int, string)>();
        var done = 0;
        for (var at = 0; at < text.Length; at++)
        {
            if (At(text, at) is not { } found || (may is not null && !may(found.Token, at, at + found.Length))) continue;
            var token = found.Token;
            var (start, end) = (at, at + found.Length);
            if (token.SingleWord && (IsWord(LastRune(text.AsSpan(0, start))) || IsWord(FirstRune(text.AsSpan(end))))) continue;
            if (token.LStrip) start = Math.Max(done, text.AsSpan(0, start).TrimEnd().Length);
            if (token.RStrip) end = text.Length - text.AsSpan(end).TrimStart().Length;
            if (start > done) parts.Add((null, done, text[done..start]));
            parts.Add((token.Id, start, text[start..end]));
            done = end;
            at = end - 1;
        }
        if (done < text.Length) parts.Add((null, done, text[done..]));
        return parts;
    }

    private static Rune? FirstRune(ReadOnlySpan<char> text) => Rune.DecodeFromUtf16(text, out var rune, out _) == 0 ? rune : null;

    private static Rune? LastRune(ReadOnlySpan<char> text) => Rune.DecodeLastFromUtf16(text, out var rune, out _) == 0 ? rune : null;

    private static bool IsWord(Rune? rune) => rune is { } r && (Rune.IsLetterOrDigit(r) || r.Value == '_');
}
