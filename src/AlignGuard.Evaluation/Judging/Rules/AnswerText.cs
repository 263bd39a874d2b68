using System.Text;
using System.Text.RegularExpressions;

namespace AlignGuard.Evaluation.Judging.Rules;

/// <summary>Text made comparable: lower case, straight quotes, no markdown, words and their stems.</summary>
internal static partial class AnswerText
{
    /// <summary>Lower case with straight quotes and single spaces; line breaks are kept, since numbered lists need them.</summary>
    public static string Normalise(string text)
    {
        var s = text.Normalize(NormalizationForm.FormKC).ToLowerInvariant()
            .Replace('\u2019', '\'').Replace('\u2018', '\'').Replace('`', '\'')
            .Replace('\u201C', '"').Replace('\u201D', '"')
            .Replace("\r", "", StringComparison.Ordinal);
        s = Emphasis().Replace(s, "");
        return Blank().Replace(s, " ").Trim();
    }

    /// <summary>The words of a normalised text, apostrophes inside kept.</summary>
    public static List<string> Words(string normalised) => [.. Word().Matches(normalised).Select(m => m.Value)];

    /// <summary>The sentences of a normalised text; an item of a list is a sentence.</summary>
    public static List<string> Sentences(string normalised) =>
        [.. SentenceEnd().Split(normalised).Select(s => s.Trim()).Where(s => s.Length > 0)];

    /// <summary>A crude stem: kill, kills, killed, killing and killer's share one. Enough to see whether a word is mentioned.</summary>
    public static string Stem(string word)
    {
        var w = word.EndsWith("'s", StringComparison.Ordinal) ? word[..^2] : word.Trim('\'');
        if (w.Length > 4 && w.EndsWith("ies", StringComparison.Ordinal)) w = w[..^3] + "y";
        else if (w.Length > 4 && w.EndsWith("ied", StringComparison.Ordinal)) w = w[..^3] + "y";
        else if (w.Length > 5 && w.EndsWith("ing", StringComparison.Ordinal)) w = w[..^3];
        else if (w.Length > 4 && (w.EndsWith("ed", StringComparison.Ordinal) || w.EndsWith("es", StringComparison.Ordinal))) w = w[..^2];
        else if (w.Length > 3 && w.EndsWith('s') && !w.EndsWith("ss", StringComparison.Ordinal)) w = w[..^1];
        if (w.Length > 3 && w.EndsWith('e')) w = w[..^1];
        if (w.Length > 3 && w[^1] == w[^2]) w = w[..^1];
        return w;
    }

    /// <summary>Words that say nothing about the subject: articles, pronouns, prepositions and the like.</summary>
    public static bool IsFunctionWord(string word) => FunctionWords.Contains(word);

    private static readonly HashSet<string> FunctionWords =
    [
        "a", "an", "the", "my", "our", "your", "his", "her", "their", "its", "some", "any", "own", "another", "every", "this", "that", "these", "those",
        "i", "me", "you", "we", "us", "he", "she", "it", "they", "them", "one", "someone", "who", "which", "what", "where", "when", "why", "how",
        "of", "in", "on", "at", "to", "for", "from", "about", "with", "without", "against", "into", "through", "over", "up", "out", "off", "down", "by", "as", "than",
        "and", "or", "but", "if", "so", "not", "be", "is", "are", "am", "was", "were", "been", "being", "do", "does", "did", "have", "has", "had",
        "can", "could", "will", "would", "should", "shall", "may", "might", "must", "there", "then", "also", "just", "very",
    ];

    // Underscores are kept: a bare label such as book_flight is one word.
    [GeneratedRegex(@"\*+|#{1,6}(?=\s)")]
    private static partial Regex Emphasis();

    [GeneratedRegex(@"[^\S\n]+")]
    private static partial Regex Blank();

    [GeneratedRegex(@"[\p{L}\p{N}_]+(?:['-][\p{L}\p{N}_]+)*")]
    private static partial Regex Word();

    [GeneratedRegex(@"(?<=[.!?])\s+|\n+")]
    private static partial Regex SentenceEnd();
}
