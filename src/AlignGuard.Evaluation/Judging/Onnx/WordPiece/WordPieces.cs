using System.Text;
using AlignGuard.Models.Tokenizers;
using Microsoft.ML.Tokenizers;

namespace AlignGuard.Evaluation.Judging.Onnx.WordPiece;

/// <summary>
/// Pieces of WordPiece: words between white space, every punctuation mark by itself, each the longest pieces of the vocabulary from the left. The words are cut here
/// and not by the library's tokenizer of BERT, which leaves out symbols ($, +, emoji) and keeps a_b whole, so that its ids are not those that models were trained on.
/// </summary>
internal sealed class WordPieces(BertNormalizer? normalizer, WordPieceTokenizer words) : IPieces
{
    public int[] Encode(string text)
    {
        text = HfTokenizer.WellFormed(text);
        var ids = new List<int>();
        foreach (var word in Words(normalizer?.Apply(text) ?? text)) ids.AddRange(words.EncodeToIds(word, considerPreTokenization: false, considerNormalization: false));
        return [.. ids];
    }

    internal static IEnumerable<string> Words(string text)
    {
        var word = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            var cut = Rune.IsWhiteSpace(rune) || IsPunctuation(rune);
            if (cut && word.Length > 0)
            {
                yield return word.ToString();
                word.Clear();
            }
            if (!cut) word.Append(rune.ToString());
            else if (!Rune.IsWhiteSpace(rune)) yield return rune.ToString();
        }
        if (word.Length > 0) yield return word.ToString();
    }

    // In ASCII the symbols too.
    private static bool IsPunctuation(Rune rune) => Rune.IsPunctuation(rune) || (rune.IsAscii && Rune.IsSymbol(rune));
}
