using System.Text.RegularExpressions;

namespace AlignGuard.Models.Tokenizers;

/// <summary>Where a piece stands: at the very beginning, behind an added token, or amid plain text.</summary>
/// <param name="First">At the beginning of the whole text.</param>
/// <param name="Continuation">It goes on after text that was encoded before: no prefix space.</param>
internal readonly record struct PiecePlace(bool First, bool Continuation);

/// <summary>Cuts a piece of text into smaller ones; the model never merges across pieces.</summary>
internal interface IPreTokenizer
{
    IEnumerable<string> Split(string piece, PiecePlace place);
}

/// <summary>What becomes of the matches of a pattern.</summary>
internal enum SplitBehavior { Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous }

/// <summary>The <c>Split</c> pre-tokenizer: cuts at the matches of a pattern.</summary>
/// <param name="invert">The text between the matches counts as the matches.</param>
internal sealed class SplitPreTokenizer(Regex pattern, SplitBehavior behavior, bool invert) : IPreTokenizer
{
    public IEnumerable<string> Split(string piece, PiecePlace place)
    {
        var text = new CodePointText(piece);
        var parts = new List<(int Start, int End, bool Match)>();
        var end = 0;
        foreach (var match in pattern.EnumerateMatches(text.Pattern))
        {
            if (match.Length == 0) continue;
            Add(end, match.Index, invert);
            end = match.Index + match.Length;
            Add(match.Index, end, !invert);
        }
        Add(end, text.Pattern.Length, invert);
        return Merge(parts).Select(p => piece[text.Start(p.Start)..text.Start(p.End)]);

        void Add(int from, int to, bool match)
        {
            if (to > from) parts.Add((from, to, match));
        }
    }

    private IEnumerable<(int Start, int End)> Merge(List<(int Start, int End, bool Match)> parts)
    {
        if (behavior == SplitBehavior.Removed) return parts.Where(p => !p.Match).Select(p => (p.Start, p.End));
        var merged = new List<(int Start, int End)>();
        for (var i = 0; i < parts.Count; i++)
        {
            var (start, end, match) = parts[i];
            var joins = i > 0 && behavior switch
            {
                SplitBehavior.MergedWithPrevious => match && !parts[i - 1].Match,
                SplitBehavior.MergedWithNext => !match && parts[i - 1].Match,
                SplitBehavior.Contiguous => match == parts[i - 1].Match,
                _ => false,
            };
            if (joins) merged[^1] = (merged[^1].Start, end);
            else merged.Add((start, end));
        }
        return merged;
    }
}

/// <summary>The <c>ByteLevel</c> pre-tokenizer, without its change of alphabet (that comes last, see <see cref="ByteAlphabet"/>).</summary>
internal sealed partial class ByteLevelPreTokenizer(bool addPrefixSpace, bool useRegex) : IPreTokenizer
{
    private static readonly SplitPreTokenizer Words = new(Gpt2Pattern(), SplitBehavior.Isolated, invert: false);

    public IEnumerable<string> Split(string piece, PiecePlace place)
    {
        if (addPrefixSpace && !place.Continuation && !piece.StartsWith(' ')) piece = " " + piece;
        return useRegex ? Words.Split(piece, place) : [piece];
    }

    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Gpt2Pattern();
}

/// <summary>The <c>Metaspace</c> pre-tokenizer: spaces become a visible mark, with which words begin.</summary>
/// <param name="scheme"><c>always</c>, <c>first</c> or <c>never</c>: where a mark is put before the text.</param>
internal sealed class MetaspacePreTokenizer(char mark, string scheme, bool split) : IPreTokenizer
{
    public IEnumerable<string> Split(string piece, PiecePlace place)
    {
        piece = piece.Replace(' ', mark);
        if (!place.Continuation && (scheme == "always" || (scheme == "first" && place.First)) && !piece.StartsWith(mark)) piece = mark + piece;
        if (!split) return [piece];
        var pieces = new List<string>();
        var start = 0;
        for (var i = 1; i <= piece.Length; i++)
        {
            if (i < piece.Length && piece[i] != mark) continue;
            pieces.Add(piece[start..i]);
            start = i;
        }
        return pieces;
    }
}

/// <summary>Runs pre-tokenizers one after the other, each on the pieces of the one before.</summary>
internal sealed class PreTokenizerSequence(IReadOnlyList<IPreTokenizer> steps) : IPreTokenizer
{
    public IEnumerable<string> Split(string piece, PiecePlace place)
    {
        IEnumerable<string> pieces = [piece];
        foreach (var step in steps)
            pieces = pieces.SelectMany((p, i) => step.Split(p, i == 0 ? place : default)).ToList();
        return pieces;
    }
}
