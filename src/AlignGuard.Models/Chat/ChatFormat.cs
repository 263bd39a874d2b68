using System.Collections.Frozen;
using System.Text.RegularExpressions;
using AlignGuard.Models.Chat.Jinja;
using AlignGuard.Models.Tokenizers;

namespace AlignGuard.Models.Chat;

/// <summary>
/// Turns conversations into token ids as the checkpoint's chat template writes them, with the assistant's tokens marked. What users wrote is never read as control
/// tokens, so no text can end its turn or open another; the prompt's ids are a prefix of the conversation's.
/// </summary>
public sealed partial class ChatFormat : ConversationFormat
{
    /// <summary>ChatML as a Jinja template, for tokenizers that we write.</summary>
    public const string ChatMlTemplate =
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

    private static readonly ChatMessage[] Probe = [ChatMessage.User("?"), ChatMessage.Assistant("!")];

    private readonly HfTokenizer tokenizer;
    private readonly ChatTemplate template;
    private readonly ResponseSpans spans;
    private readonly TaggedText header;

    private ChatFormat(HfTokenizer tokenizer, string jinja) : base(tokenizer)
    {
        this.tokenizer = tokenizer;
        template = new ChatTemplate(jinja, tokenizer.ChatTemplatePlace, tokenizer.Config.Tokens);
        var probe = template.Render(Probe, addGenerationPrompt: false);
        header = Header(probe.Text);
        spans = new ResponseSpans(tokenizer, Prompt);
        var problems = new List<string>();
        foreach (var name in probe.Missing)
            problems.Add($"{tokenizer.Folder}: the chat template writes {name}, but {TokenizerConfig.FileName} names none: add it.");
        foreach (var id in tokenizer.ControlTokens(probe.Text))
            if (tokenizer.IsSpellable(id))
                problems.Add($"{tokenizer.Folder}: plain text can become the control token '{tokenizer.TokenText(id)}': it must be an added token that no merge makes.");
        EndOfTurnId = spans.EndOfTurn(probe.Text, message: 1) ?? tokenizer.EosId ?? -1;
        if (spans.EndOfTurn(probe.Text, message: 1) is null && ControlLike().Match(After(probe.Text, message: 1)) is { Success: true } unknown)
            problems.Add($"{tokenizer.Folder}: the chat template writes '{unknown.Groups[1].Value}', which {TokenizerJson.FileName} lacks: use the tokenizer of the chat model.");
        else if (EndOfTurnId < 0)
            problems.Add($"{tokenizer.Folder}: no token ends the assistant's turn, a trained model could not stop: write eos_token behind the content in the chat template, or name one in {TokenizerConfig.FileName}.");
        if (problems.Count > 0) throw new ModelFormatException(problems);
        StopIds = tokenizer.StopIds.Append(EndOfTurnId).ToFrozenSet();
    }

    /// <summary>The token that ends the assistant's turn.</summary>
    public int EndOfTurnId { get; }

    /// <summary>The tokenizer's and <see cref="EndOfTurnId"/>.</summary>
    public override IReadOnlySet<int> StopIds { get; }

    /// <summary>The format that the tokenizer's chat template asks for.</summary>
    /// <exception cref="ModelFormatException">No template, one that can not be run, or its control tokens are missing or forgeable.</exception>
    public static ChatFormat For(HfTokenizer tokenizer)
    {
        if (tokenizer.ChatTemplate is not { } jinja)
            throw new ModelFormatException($"{tokenizer.Folder}: tokenizer_config.json has no chat_template: this is a base model, use a chat model, or add the template as {TokenizerConfig.TemplateFileName}.");
        return new ChatFormat(tokenizer, jinja);
    }

    /// <summary>A whole conversation, all turns closed.</summary>
    /// <exception cref="UserFaultException">No message, an unknown role, a system message that is not the first: all of them; or what the template itself says against it; or its assistant part is fully masked.</exception>
    public override EncodedChat Encode(IReadOnlyList<ChatMessage> messages)
    {
        Check(messages);
        messages = WellFormed(messages);
        var text = template.Render(messages, addGenerationPrompt: false);
        var (ids, isResponse) = (new List<int>(), new List<bool>());
        var (done, plain) = (0, false);
        foreach (var (start, end) in spans.Of(messages, text))
        {
            Add(start, false);
            Add(end, true);
        }
        Add(text.Text.Length, false);
        return new EncodedChat([.. ids], [.. isResponse]);

        void Add(int until, bool response)
        {
            // Where the text is cut amid plain text, the rest is no beginning.
            plain = tokenizer.EncodeTagged(text.Text.Slice(done, until - done), new(First: done == 0, Continuation: plain), ids) ?? plain;
            while (isResponse.Count < ids.Count) isResponse.Add(response);
            done = until;
        }
    }

    /// <summary>A text as such, from the tokenizer's beginning to its end of text, all of it the model's to produce.</summary>
    public override EncodedChat EncodeText(string text)
    {
        int[] ids = [.. tokenizer.BosId is { } bos ? [bos] : Array.Empty<int>(), .. tokenizer.EncodeLiteral(text), tokenizer.EosId ?? EndOfTurnId];
        return new EncodedChat(ids, [.. ids.Select(_ => true)]);
    }

    /// <summary>A conversation and the header of the assistant's next turn: what a generation starts from.</summary>
    /// <exception cref="UserFaultException">As for <see cref="Encode(IReadOnlyList{ChatMessage})"/>.</exception>
    public override int[] EncodePrompt(IReadOnlyList<ChatMessage> messages)
    {
        Check(messages);
        var ids = new List<int>();
        tokenizer.EncodeTagged(Prompt(WellFormed(messages)), HfTokenizer.Beginning, ids);
        return [.. ids];
    }

    /// <summary>The text that the template makes of a conversation.</summary>
    /// <param name="addGenerationPrompt">With the header of the assistant's next turn, where the template writes one.</param>
    /// <exception cref="UserFaultException">As for <see cref="Encode(IReadOnlyList{ChatMessage})"/>.</exception>
    public string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt = false)
    {
        Check(messages);
        return template.Render(messages, addGenerationPrompt).Text.Value;
    }

    // Replaced before rendering, so that places in the text are those in what is tokenised.
    private static ChatMessage[] WellFormed(IReadOnlyList<ChatMessage> messages) => [.. messages.Select(m => m with { Content = HfTokenizer.WellFormed(m.Content) })];

    private TaggedText Prompt(IReadOnlyList<ChatMessage> messages) => TaggedText.Concat(template.Render(messages, addGenerationPrompt: true).Text, header);

    // Some templates know no add_generation_prompt: what they write before an answer is read off a conversation that has one.
    private TaggedText Header(TaggedText probe)
    {
        var without = template.Render([Probe[0]], addGenerationPrompt: false).Text;
        var with = template.Render([Probe[0]], addGenerationPrompt: true).Text;
        var (start, _) = ResponseSpans.Written(probe, message: 1);
        if (with.Value != without.Value || start < with.Length || !probe.Value.StartsWith(with.Value, StringComparison.Ordinal)) return TaggedText.Empty;
        var between = probe.Slice(with.Length, start - with.Length);
        return string.IsNullOrWhiteSpace(between.Value) ? TaggedText.Empty : between;
    }

    private static string After(TaggedText text, int message) => ResponseSpans.Written(text, message) is var (start, end) && start >= 0 ? text.Value[end..] : "";

    [GeneratedRegex(@"^\s*(<[|/\w][^<>\s]{0,40}>)", RegexOptions.CultureInvariant)]
    private static partial Regex ControlLike();
}
