using AlignGuard.Models.Networks;
using AlignGuard.Models.Tokenizers;

namespace AlignGuard.Models.Chat;

/// <summary>Turns conversations into token ids as a model reads them, with the assistant's tokens marked.</summary>
public abstract class ConversationFormat(HfTokenizer tokenizer)
{
    /// <summary>True where rows have a source of their own: of an encoder–decoder.</summary>
    public virtual bool HasSource => false;

    /// <summary>All ids at which a generation stops.</summary>
    public abstract IReadOnlySet<int> StopIds { get; }

    /// <summary>A whole conversation.</summary>
    /// <exception cref="UserFaultException">What keeps it from being one, all of it.</exception>
    public abstract EncodedChat Encode(IReadOnlyList<ChatMessage> messages);

    /// <summary>A text as such, all of it the model's to produce.</summary>
    /// <exception cref="UserFaultException">The model cannot learn a text as such.</exception>
    public abstract EncodedChat EncodeText(string text);

    /// <summary>What a generation of the next answer starts from: the prompt of a decoder-only model, the source of an encoder–decoder.</summary>
    /// <exception cref="UserFaultException">As for <see cref="Encode(IReadOnlyList{ChatMessage})"/>.</exception>
    public abstract int[] EncodePrompt(IReadOnlyList<ChatMessage> messages);

    /// <summary>The assistant's text from generated ids: up to the first of <see cref="StopIds"/>.</summary>
    public string DecodeResponse(ReadOnlySpan<int> generated)
    {
        var end = 0;
        while (end < generated.Length && !StopIds.Contains(generated[end])) end++;
        return tokenizer.Decode(generated[..end]);
    }

    /// <summary>One question with its answer.</summary>
    public EncodedChat Encode(string user, string assistant, string? system = null) => Encode([.. Question(user, system), ChatMessage.Assistant(assistant)]);

    /// <summary>One question.</summary>
    public int[] EncodePrompt(string user, string? system = null) => EncodePrompt(Question(user, system));

    /// <param name="decoderStartId">Of an encoder–decoder; null = a decoder-only model, which needs a chat template.</param>
    /// <exception cref="ModelFormatException">The tokenizer lacks what the format needs.</exception>
    public static ConversationFormat For(HfTokenizer tokenizer, int? decoderStartId) => decoderStartId is { } start ? new SourceTargetFormat(tokenizer, start) : ChatFormat.For(tokenizer);

    /// <summary>That of a model folder, without its weights.</summary>
    /// <exception cref="ModelFormatException">There is no such folder, or its tokenizer or configuration are damaged.</exception>
    public static ConversationFormat Load(string folder)
    {
        LanguageCheckpoint.RequireFolder(folder);
        return For(HfTokenizer.Load(folder), LanguageCheckpoint.DecoderStartId(folder));
    }

    private static ChatMessage[] Question(string user, string? system) =>
        system is null ? [ChatMessage.User(user)] : [ChatMessage.System(system), ChatMessage.User(user)];

    /// <summary>Unknown roles, absent contents, a system message that is not the first, no message.</summary>
    private protected static void Check(IReadOnlyList<ChatMessage> messages)
    {
        var problems = new List<string>();
        if (messages.Count == 0) problems.Add("The conversation is empty: it needs at least one message.");
        for (var i = 0; i < messages.Count; i++)
        {
            var (role, content) = messages[i];
            if (role is not (ChatMessage.SystemRole or ChatMessage.UserRole or ChatMessage.AssistantRole))
                problems.Add($"messages[{i}].role: '{role}' is unknown: use system, user or assistant.");
            else if (role == ChatMessage.SystemRole && i > 0)
                problems.Add($"messages[{i}].role: a system message can only be the first.");
            if (content is null) problems.Add($"messages[{i}].content: is missing.");
        }
        if (problems.Count > 0) throw new UserFaultException(problems);
    }
}
