using System.Text.RegularExpressions;

namespace AlignGuard.Models.Tokenizers;

/// <summary>Cuts a piece of text into smaller ones; BPE never merges across pieces.</summary>
internal interface IPreTokenizer
{
    /// <param name="continuation">The piece goes on after text that was encoded before: no prefix space.</param>
    IEnumerable<string> Split(string piece, bool continuation);
}

/// <summary>The <c>Split</c> pre-tokenizer: cuts at the matches of a pattern.</summary>
/// <param name="dropMatches">Behaviour "Removed" instead of "Isolated".</param>
/// <param name="invert">The text between the matches counts as the matches.</param>
internal sealed class SplitPreTokenizer(Regex pattern, bool dropMatches, bool invert) : IPreTokenizer
{
    public IEnumerable<string> Split(string piece, bool continuation) => Split(piece, keepMatches: !dropMatches || invert, keepOthers: !dropMatches || !invert);

    private List<string> Split(string piece, bool keepMatches, bool keepOthers)
    {
        var text = new CodePointText(piece);
        var pieces = new List<string>();
        var end = 0;
        foreach (var match in pattern.EnumerateMatches(text.Pattern))
        {
            if (match.Length == 0) continue;
            if (keepOthers) Add(end, match.Index);
            if (keepMatches) Add(match.Index, match.Index + match.Length);
            end = match.Index + match.Length;
        }
        if (keepOthers) Add(end, text.Pattern.Length);
        return pieces;

        void Add(int from, int to)
        {
            if (to > from) pieces.Add(piece[text.Start(from)..text.Start(to)]);
        }
    }
}

/// <summary>The <c>ByteLevel</c> pre-tokenizer, without its change of alphabet (that comes last, see <see cref="ByteAlphabet"/>).</summary>
internal sealed partial class ByteLevelPreTokenizer(bool addPrefixSpace, bool useRegex) : IPreTokenizer
{
    private static readonly SplitPreTokenizer Words = new(Gpt2Pattern(), dropMatches: false, invert: false);

    public IEnumerable<string> Split(string piece, bool continuation)
    {
        if (addPrefixSpace && !continuation && !piece.StartsWith(' ')) piece = " " + piece;
        return useRegex ? Words.Split(piece, continuation) : [piece];
    }

    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Gpt2Pattern();
}

/// <summary>Runs pre-tokenizers one after the other, each on the pieces of the one before.</summary>
internal sealed class PreTokenizerSequence(IReadOnlyList<IPreTokenizer> steps) : IPreTokenizer
{
    public IEnumerable<string> Split(string piece, bool continuation)
    {
        IEnumerable<string> pieces = [piece];
        foreach (var step in steps)
            pieces = pieces.SelectMany((p, i) => step.Split(p, continuation && i == 0)).ToList();
        return pieces;
    }
}
