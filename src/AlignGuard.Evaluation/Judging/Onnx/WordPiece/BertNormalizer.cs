using System.Globalization;
using System.Text;

namespace AlignGuard.Evaluation.Judging.Onnx.WordPiece;

/// <summary>BERT's normaliser, as <c>BertNormalizer</c> of tokenizer.json has it.</summary>
/// <param name="CleanText">Control characters go, white space becomes spaces.</param>
/// <param name="CutIdeographs">Chinese characters are words of their own.</param>
/// <param name="StripAccents">Drops combining marks after decomposition.</param>
internal sealed record BertNormalizer(bool CleanText, bool CutIdeographs, bool StripAccents, bool Lowercase)
{
    public string Apply(string text)
    {
        var output = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
        {
            if (CleanText && IsDropped(rune)) continue;
            if (CleanText && Rune.IsWhiteSpace(rune)) output.Append(' ');
            else if (CutIdeographs && IsIdeograph(rune.Value)) output.Append(' ').Append(rune.ToString()).Append(' ');
            else output.Append(rune.ToString());
        }
        var normal = StripAccents ? WithoutMarks(output.ToString()) : output.ToString();
        return Lowercase ? normal.ToLowerInvariant() : normal;
    }

    private static string WithoutMarks(string text)
    {
        var output = new StringBuilder(text.Length);
        foreach (var rune in text.Normalize(NormalizationForm.FormD).EnumerateRunes())
            if (Rune.GetUnicodeCategory(rune) != UnicodeCategory.NonSpacingMark) output.Append(rune.ToString());
        return output.ToString();
    }

    private static bool IsDropped(Rune rune) =>
        rune.Value is 0 or 0xFFFD
        || (rune.Value is not ('\t' or '\n' or '\r')
            && Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);

    private static bool IsIdeograph(int c) =>
        c is >= 0x4E00 and <= 0x9FFF or >= 0x3400 and <= 0x4DBF or >= 0x20000 and <= 0x2A6DF or >= 0x2A700 and <= 0x2B73F or >= 0x2B740 and <= 0x2B81F
            or >= 0x2B920 and <= 0x2CEAF or >= 0xF900 and <= 0xFAFF or >= 0x2F800 and <= 0x2FA1F;
}
