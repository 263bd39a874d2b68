using System.Collections.Frozen;
using AlignGuard.Models.Tokenizers;

namespace AlignGuard.Models.Chat;

/// <summary>
/// How an encoder–decoder reads a conversation: its last answer is the decoder's, all before it the encoder's — as the chat template writes it where there is one, else the messages as they are, a line break
/// between two. Both end in the tokenizer's end of text. Earlier answers are read, not learnt.
/// </summary>
public sealed class SourceTargetFormat : ConversationFormat
{
    private readonly HfTokenizer _tokenizer;
    private readonly ChatFormat? _template;
    private readonly int _start, _end;

    /// <exception cref="ModelFormatException">The tokenizer names no end of text, or its chat template cannot be run.</exception>
    public SourceTargetFormat(HfTokenizer tokenizer, int decoderStartId) : base(tokenizer)
    {
        (_tokenizer, _start) = (tokenizer, decoderStartId);
        _end = tokenizer.EosId ?? throw new ModelFormatException($"{tokenizer.Folder}: {TokenizerConfig.FileName} names no eos_token: an encoder-decoder ends its source and its answer with it.");
        _template = tokenizer.ChatTemplate is null ? null : ChatFormat.For(tokenizer);
        StopIds = tokenizer.StopIds.Append(_end).ToFrozenSet();
    }

    public override bool HasSource => true;

    public override IReadOnlySet<int> StopIds { get; }

    public override EncodedChat Encode(IReadOnlyList<ChatMessage> messages)
    {
        Check(messages);
        var last = messages.ToList().FindLastIndex(m => m.Role == ChatMessage.AssistantRole);
        if (last < 1)
            throw new UserFaultException([last < 0 ? "The conversation has no assistant message: there is nothing to learn." : "The conversation begins with its answer: the encoder would have nothing to read. Put a user message before it."]);
        int[] ids = [_start, .. _tokenizer.EncodeLiteral(messages[last].Content), _end];
        return new EncodedChat(ids, [.. ids.Select((_, t) => t > 0)]) { Source = EncodePrompt([.. messages.Take(last)]) };
    }

    public override EncodedChat EncodeText(string text) =>
        throw new UserFaultException(["A text as such has no source for the encoder: give the rows a prompt and an answer (prompt/completion, messages)."]);

    public override int[] EncodePrompt(IReadOnlyList<ChatMessage> messages)
    {
        Check(messages);
        if (_template is not null) return [.. _template.EncodePrompt(messages), _end];
        return [.. _tokenizer.EncodeLiteral(string.Join('\n', messages.Select(m => m.Content))), _end];
    }
}
