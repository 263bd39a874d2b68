using System.Collections.Frozen;
using AlignGuard.Models.Tokenizers;

namespace AlignGuard.Models.Chat;

/// <summary>
/// Turns conversations into token ids, with the assistant's tokens marked. Contents are encoded with no token special, so no text can
/// end its turn or open another; header and content are encoded apart, so the prompt's ids are a prefix of the conversation's.
/// </summary>
public sealed class ChatFormat
{
    /// <summary>ChatML as a Jinja template, for tokenizers that we write.</summary>
    public const string ChatMlTemplate =
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

    private readonly HfTokenizer tokenizer;
    private readonly ChatTemplate template;
    private readonly int open;
    private readonly int? afterRole;

    private ChatFormat(HfTokenizer tokenizer, ChatTemplate template)
    {
        (this.tokenizer, this.template) = (tokenizer, template);
        var problems = new List<string>();
        open = Control(template.Open);
        afterRole = template.AfterRole is null ? null : Control(template.AfterRole);
        EndOfTurnId = Control(template.Close);
        if (template.Bos && tokenizer.BosId is null)
            problems.Add($"{tokenizer.Folder}: the chat template writes bos_token, but tokenizer_config.json names none: add it.");
        if (problems.Count > 0) throw new ModelFormatException(problems);
        StopIds = tokenizer.StopIds.Append(EndOfTurnId).ToFrozenSet();

        int Control(string token)
        {
            if (tokenizer.TokenId(token) is not { } id) problems.Add($"{tokenizer.Folder}: the chat template writes '{token}', which tokenizer.json lacks: use the tokenizer of the chat model.");
            else if (tokenizer.IsSpellable(id)) problems.Add($"{tokenizer.Folder}: plain text can become the control token '{token}': it must be an added token that no merge makes.");
            else return id;
            return -1;
        }
    }

    /// <summary>"ChatML" or "Llama 3".</summary>
    public string Name => template.Name;

    /// <summary>The token that ends the assistant's turn.</summary>
    public int EndOfTurnId { get; }

    /// <summary>All ids at which a generation stops: the tokenizer's and <see cref="EndOfTurnId"/>.</summary>
    public IReadOnlySet<int> StopIds { get; }

    /// <summary>The format that the tokenizer's chat template asks for.</summary>
    /// <exception cref="ModelFormatException">No template, one of another family, or its control tokens are missing or forgeable.</exception>
    public static ChatFormat For(HfTokenizer tokenizer)
    {
        if (tokenizer.ChatTemplate is not { } jinja)
            throw new ModelFormatException($"{tokenizer.Folder}: tokenizer_config.json has no chat_template: this is a base model, use a chat model. Supported are {ChatTemplate.Supported}.");
        return new ChatFormat(tokenizer, ChatTemplate.Recognise(jinja)
            ?? throw new ModelFormatException($"{tokenizer.Folder}: its chat_template is of a family that is not supported. Supported are {ChatTemplate.Supported}."));
    }

    /// <summary>A whole conversation, all turns closed.</summary>
    /// <exception cref="UserFaultException">No message, an unknown role, a system message that is not the first: all of them.</exception>
    public EncodedChat Encode(IReadOnlyList<ChatMessage> messages)
    {
        var (ids, isResponse) = Render(messages);
        return new EncodedChat([.. ids], [.. isResponse]);
    }

    /// <summary>One question with its answer. <see cref="EncodePrompt(string, string?)"/> of the question is a prefix of it.</summary>
    public EncodedChat Encode(string user, string assistant, string? system = null) => Encode([.. Prompt(user, system), ChatMessage.Assistant(assistant)]);

    /// <summary>A conversation and the header of the assistant's next turn: what a generation starts from.</summary>
    /// <exception cref="UserFaultException">As for <see cref="Encode(IReadOnlyList{ChatMessage})"/>.</exception>
    public int[] EncodePrompt(IReadOnlyList<ChatMessage> messages)
    {
        var (ids, _) = Render(messages);
        Header(ChatMessage.AssistantRole, ids);
        return [.. ids];
    }

    /// <summary>One question and the header of its answer.</summary>
    public int[] EncodePrompt(string user, string? system = null) => EncodePrompt(Prompt(user, system));

    /// <summary>The assistant's text from generated ids: up to the first of <see cref="StopIds"/>.</summary>
    public string DecodeResponse(ReadOnlySpan<int> generated)
    {
        var end = 0;
        while (end < generated.Length && !StopIds.Contains(generated[end])) end++;
        return tokenizer.Decode(generated[..end]);
    }

    private static ChatMessage[] Prompt(string user, string? system) =>
        system is null ? [ChatMessage.User(user)] : [ChatMessage.System(system), ChatMessage.User(user)];

    private (List<int> Ids, List<bool> IsResponse) Render(IReadOnlyList<ChatMessage> messages)
    {
        Check(messages);
        var (ids, isResponse) = (new List<int>(), new List<bool>());
        if (template.Bos) ids.Add(tokenizer.BosId!.Value);
        if (template.DefaultSystem is { } system && messages[0].Role != ChatMessage.SystemRole) messages = [ChatMessage.System(system), .. messages];
        foreach (var (role, content) in messages)
        {
            Header(role, ids);
            Fill(isResponse, ids.Count, false);
            ids.AddRange(tokenizer.EncodeLiteral(template.TrimContent ? content.Trim() : content, continuation: true));
            ids.Add(EndOfTurnId);
            Fill(isResponse, ids.Count, role == ChatMessage.AssistantRole);
            if (template.AfterTurn.Length > 0) ids.AddRange(tokenizer.EncodeLiteral(template.AfterTurn, continuation: true));
            Fill(isResponse, ids.Count, false);
        }
        return (ids, isResponse);
    }

    private static void Fill(List<bool> marks, int count, bool value)
    {
        while (marks.Count < count) marks.Add(value);
    }

    private void Header(string role, List<int> ids)
    {
        ids.Add(open);
        if (afterRole is { } close)
        {
            ids.AddRange(tokenizer.EncodeLiteral(role));
            ids.Add(close);
            ids.AddRange(tokenizer.EncodeLiteral(template.Separator));
        }
        else
        {
            ids.AddRange(tokenizer.EncodeLiteral(role + template.Separator));
        }
    }

    private static void Check(IReadOnlyList<ChatMessage> messages)
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
