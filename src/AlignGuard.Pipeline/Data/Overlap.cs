using System.Text;
using AlignGuard.Evaluation.Prompts;
using AlignGuard.Models.Chat;

namespace AlignGuard.Pipeline.Data;

/// <summary>A text that must not be trained on.</summary>
/// <param name="Place">Where it is, for a sentence.</param>
public readonly record struct ReservedText(string Place, string Text);

/// <summary>A row of the training data that asks what another set reserves for itself.</summary>
public readonly record struct SharedText(RowPlace Training, string Reserved);

/// <summary>
/// Training data must not hold what is measured later. Texts are compared after NFKC, in lower case, with white space collapsed. Unlike
/// <see cref="PromptSet.Normalise"/> punctuation counts: "3 + 4?" and "3 - 4?" are two tasks.
/// </summary>
public static class Overlap
{
    /// <summary>The rows of <paramref name="training"/>, each once, with a reserved text as a user's turn or as all that is said before an answer.</summary>
    public static IReadOnlyList<SharedText> Find(RowSet training, IEnumerable<ReservedText> reserved)
    {
        var places = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (place, text) in reserved) places.TryAdd(Normalise(text), place);
        var shared = new List<SharedText>();
        foreach (var row in training.Rows)
        {
            foreach (var text in Asked(row))
            {
                if (!places.TryGetValue(Normalise(text), out var place)) continue;
                shared.Add(new SharedText(row.Place, place));
                break;
            }
        }
        return shared;
    }

    /// <summary>The same as sentences for a <see cref="Models.UserFaultException"/>: the first 50, and how many there are.</summary>
    public static IReadOnlyList<string> Problems(RowSet training, IEnumerable<ReservedText> reserved)
    {
        var problems = new RowProblems(training.Source);
        foreach (var (row, place) in Find(training, reserved))
            problems.Add(row, $"asks what {place} asks, and what is measured must not be trained on: remove it from one of them.");
        return problems.Sentences;
    }

    /// <summary>What the rows of evaluation data ask: all that is said before the last answer.</summary>
    public static IEnumerable<ReservedText> Texts(RowSet evaluation) =>
        evaluation.Rows.Select(row => new ReservedText(row.Place.ToString(), Joined(row.Messages, row.Messages.Count - 1)));

    /// <param name="source">What the prompts are called in a sentence, such as <c>driftcheck.prompts</c>.</param>
    public static IEnumerable<ReservedText> Texts(string source, IEnumerable<Prompt> prompts) =>
        prompts.Select(p => new ReservedText($"{source} ({p.Id})", p.Text));

    /// <summary>NFKC, lower case, white space collapsed to one space and stripped at the ends.</summary>
    public static string Normalise(string text)
    {
        // Half a surrogate pair can not be normalised; it becomes U+FFFD, as in the tokenizer.
        var sound = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        return string.Join(' ', sound.Normalize(NormalizationForm.FormKC).ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    private static IEnumerable<string> Asked(DataRow row)
    {
        for (var i = 0; i < row.Messages.Count; i++)
        {
            if (row.Messages[i].Role == ChatMessage.UserRole) yield return row.Messages[i].Content;
            if (row.Messages[i].Role == ChatMessage.AssistantRole) yield return Joined(row.Messages, i);
        }
    }

    // System messages say how to answer, not what is asked.
    private static string Joined(IReadOnlyList<ChatMessage> messages, int count) =>
        string.Join('\n', messages.Take(count).Where(m => m.Role != ChatMessage.SystemRole).Select(m => m.Content));
}
