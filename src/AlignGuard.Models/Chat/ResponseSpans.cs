using AlignGuard.Models.Chat.Jinja;
using AlignGuard.Models.Tokenizers;

namespace AlignGuard.Models.Chat;

/// <summary>
/// Finds in a rendered conversation what the assistant is to produce. A template with <c>{% generation %}</c> says so itself. Else an answer begins where the prompt of
/// the messages before it ends (or, where the template writes history otherwise than prompts, with its first character), and goes on through the token that ends its turn.
/// </summary>
/// <param name="prompt">Renders messages with the header of the next answer.</param>
internal sealed class ResponseSpans(HfTokenizer tokenizer, Func<IReadOnlyList<ChatMessage>, TaggedText> prompt)
{
    /// <exception cref="UserFaultException">An assistant message left no token to learn, because the template leaves it out.</exception>
    public IReadOnlyList<(int Start, int End)> Of(IReadOnlyList<ChatMessage> messages, JinjaResult rendered)
    {
        if (messages.All(m => m.Role != ChatMessage.AssistantRole)) return [];
        if (rendered.Generations.Count > 0)
        {
            var marked = rendered.Generations.Where(g => g.Length > 0).Select(g => (g.Start, g.Start + g.Length)).ToList();
            return marked.Count > 0 ? marked : throw Masked("its {% generation %} blocks are empty");
        }
        var spans = new List<(int Start, int End)>();
        for (var i = 0; i < messages.Count; i++)
        {
            if (messages[i].Role != ChatMessage.AssistantRole) continue;
            var from = spans.Count > 0 ? spans[^1].End : 0;
            if (Span(messages, rendered.Text, i, from) is { } span) spans.Add(span);
        }
        return spans.Any(s => s.End > s.Start) ? spans : throw Masked("the chat template leaves out what the assistant says");
    }

    /// <summary>From the first character of a message that the template wrote out to behind the last; (-1, -1) when it wrote none.</summary>
    public static (int Start, int End) Written(TaggedText text, int message)
    {
        var (start, end, position) = (-1, -1, 0);
        foreach (var run in text.Runs)
        {
            if (run.Source == message)
            {
                if (start < 0) start = position;
                end = position + run.Length;
            }
            position += run.Length;
        }
        return (start, end);
    }

    /// <summary>The control token that ends the turn of a message: the first thing but white space that the template writes behind it.</summary>
    public int? EndOfTurn(TaggedText text, int message)
    {
        var (start, end) = Written(text, message);
        return start < 0 ? null : EndToken(text, end)?.Id;
    }

    private (int Start, int End)? Span(IReadOnlyList<ChatMessage> messages, TaggedText text, int message, int from)
    {
        var (start, end) = Written(text, message);
        // Of a turn that the template leaves out nothing is learnt: its end token alone would teach to say nothing.
        if (start < 0 && !messages[message].Content.All(JinjaMethods.IsSpace)) return null;
        var begin = Begin(messages, text, message);
        if (begin < from || (start >= 0 && begin > start)) begin = start;
        if (begin < 0) return null;
        end = Math.Max(begin, end);
        return (begin, EndToken(text, end)?.End ?? end);
    }

    private int Begin(IReadOnlyList<ChatMessage> messages, TaggedText text, int message)
    {
        if (message == 0) return -1;
        try
        {
            var before = prompt([.. messages.Take(message)]);
            return text.Value.StartsWith(before.Value, StringComparison.Ordinal) ? before.Length : -1;
        }
        catch (UserFaultException)
        {
            // A template may refuse half a conversation, as one that ends with the system message.
            return -1;
        }
    }

    private (int Id, int End)? EndToken(TaggedText text, int from)
    {
        var behind = 0;
        while (from + behind < text.Length && JinjaMethods.IsSpace(text.Value[from + behind])) behind++;
        if (from + behind >= text.Length) return null;
        var rest = text.Slice(from + behind, Math.Min(256, text.Length - from - behind));
        if (rest.Runs[0].Source != TaggedText.Template) return null;
        return tokenizer.ControlTokenAt(rest) is { } token ? (token.Id, from + behind + token.Length) : null;
    }

    private UserFaultException Masked(string why) =>
        new($"{tokenizer.ChatTemplatePlace}: a row's assistant part is fully masked: {why}. Use the template of the chat model, or correct its {{% generation %}} marks.");
}
