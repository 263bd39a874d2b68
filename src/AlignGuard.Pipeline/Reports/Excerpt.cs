using System.Globalization;
using System.Text;

namespace AlignGuard.Pipeline.Reports;

/// <summary>The beginning of a text that may be harmful: enough to see what kind of answer it is, not enough to use it.</summary>
public static class Excerpt
{
    /// <summary>The most UTF-16 characters that are left, the mark of what was cut included.</summary>
    public const int Longest = 160;

    private const char Cut = '…';

    /// <summary>White space becomes single blanks; what is too long is cut between characters as readers see them.</summary>
    public static string Of(string text)
    {
        var line = OneLine(text);
        if (line.Length <= Longest) return line;
        var end = 0;
        while (StringInfo.GetNextTextElementLength(line.AsSpan(end)) is var next && end + next < Longest) end += next;
        // A character as a reader sees it may consist of any number of marks.
        if (end == 0) end = char.IsHighSurrogate(line[Longest - 2]) ? Longest - 2 : Longest - 1;
        return line[..end].TrimEnd() + Cut;
    }

    /// <summary>Reads no more of the text than is needed.</summary>
    private static string OneLine(string text)
    {
        var line = new StringBuilder();
        foreach (var c in text)
        {
            if (line.Length > 2 * Longest) break;
            if (!char.IsWhiteSpace(c)) line.Append(c);
            else if (line.Length > 0 && line[^1] != ' ') line.Append(' ');
        }
        return line.ToString().TrimEnd();
    }
}
