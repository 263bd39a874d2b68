using System.Globalization;
using System.Text;

namespace AlignGuard.Models.Tokenizers;

/// <summary>
/// Text in which one char is one code point. .NET's regular expressions see UTF-16 units: to them an astral letter is no \p{L}, and a
/// match may end inside a surrogate pair. The reference matches code points, so each astral one is replaced, for matching only, by a
/// character of its own Unicode category that no pattern names; <see cref="Start"/> leads back to the text.
/// </summary>
internal readonly struct CodePointText
{
    private readonly int[]? starts;

    public CodePointText(string text)
    {
        Text = text;
        Pattern = text;
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF')) return;
        var pattern = new StringBuilder(text.Length);
        var offsets = new List<int>(text.Length + 1);
        for (var i = 0; i < text.Length;)
        {
            var rune = Rune.GetRuneAt(text, i);
            offsets.Add(i);
            pattern.Append(rune.IsBmp ? (char)rune.Value : Representative(Rune.GetUnicodeCategory(rune)));
            i += rune.Utf16SequenceLength;
        }
        offsets.Add(text.Length);
        Pattern = pattern.ToString();
        starts = [.. offsets];
    }

    public string Text { get; }

    /// <summary>What to match against.</summary>
    public string Pattern { get; }

    /// <summary>The position in <see cref="Text"/> of a position in <see cref="Pattern"/>.</summary>
    public int Start(int position) => starts is null ? position : starts[position];

    private static char Representative(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => '\u01FE',
        UnicodeCategory.LowercaseLetter => '\u01FF',
        UnicodeCategory.TitlecaseLetter => '\u01C5',
        UnicodeCategory.ModifierLetter => '\u02B0',
        UnicodeCategory.OtherLetter => '\u01BB',
        UnicodeCategory.NonSpacingMark => '\u0300',
        UnicodeCategory.SpacingCombiningMark => '\u0903',
        UnicodeCategory.EnclosingMark => '\u0488',
        UnicodeCategory.DecimalDigitNumber => '\u0660',
        UnicodeCategory.LetterNumber => '\u2160',
        UnicodeCategory.OtherNumber => '\u00B2',
        UnicodeCategory.Format => '\u00AD',
        UnicodeCategory.PrivateUse => '\uE000',
        UnicodeCategory.ConnectorPunctuation => '\u203F',
        UnicodeCategory.DashPunctuation => '\u2012',
        UnicodeCategory.OpenPunctuation => '\u2045',
        UnicodeCategory.ClosePunctuation => '\u2046',
        UnicodeCategory.InitialQuotePunctuation => '\u00AB',
        UnicodeCategory.FinalQuotePunctuation => '\u00BB',
        UnicodeCategory.OtherPunctuation => '\u00B6',
        UnicodeCategory.MathSymbol => '\u00AC',
        UnicodeCategory.CurrencySymbol => '\u00A2',
        UnicodeCategory.ModifierSymbol => '\u00AF',
        UnicodeCategory.OtherSymbol => '\u00A6',
        _ => '\u0378',
    };
}
