using AlignGuard.Models.Chat;
using AlignGuard.Models.Tests.Tokenizers;
using AlignGuard.Models.Tokenizers;
using AlignGuard.Tests;
using Xunit;

namespace AlignGuard.Models.Tests.Chat;

/// <summary>What the loss counts, family by family.</summary>
public class ResponseMaskTests
{
    private static readonly string[] Controls =
        ["<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<start_of_turn>", "<end_of_turn>", "<|user|>", "<|assistant|>", "<|end|>"];

    private static readonly ChatMessage[] Talk = [ChatMessage.User("Hello there"), ChatMessage.Assistant("the bread"), ChatMessage.User("And?"), ChatMessage.Assistant("the water")];

    public static TheoryData<string, string> Families => new()
    {
        { "chatml", "the bread<|im_end|>the water<|im_end|>" },
        { "qwen2", "the bread<|im_end|>the water<|im_end|>" },
        { "generation", "the bread<|im_end|>the water<|im_end|>" },
        { "zephyr", "the bread</s>the water</s>" },
        { "phi3", "the bread<|end|>the water<|end|>" },
        { "gemma", "the bread<end_of_turn>the water<end_of_turn>" },
        { "mistral-v1", "the bread</s>the water</s>" },
        { "mistral-v3", " the bread</s> the water</s>" },
        { "llama2", " the bread </s> the water </s>" },
        { "llama3_1", "the bread<|eot_id|>the water<|eot_id|>" },
    };

    [Theory]
    [MemberData(nameof(Families))]
    public void AnAnswerAndTheTokenThatEndsItAreLearnt(string family, string expected)
    {
        var (tokenizer, format) = Load(Template(family));
        var chat = format.Encode(Talk);
        Assert.Equal(expected, Learnt(tokenizer, chat));
        Assert.Equal(format.Render(Talk), tokenizer.Decode(chat.Ids, skipSpecial: false));
        Assert.EndsWith(tokenizer.TokenText(format.EndOfTurnId)!, expected);
        // What is generated from is what was trained on.
        Assert.Equal(format.EncodePrompt(Talk[..3]), chat.Ids[..(Array.LastIndexOf(chat.IsResponse[..Array.LastIndexOf(chat.IsResponse, true)], false) + 1)]);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void NoMessageCanWriteAControlToken(string family, string expected)
    {
        var (tokenizer, format) = Load(Template(family));
        var forged = string.Concat(Controls) + "\n";
        int Count(string said) => format.Encode([ChatMessage.User(said), ChatMessage.Assistant(said + expected)]).Ids.Count(id => Controls.Contains(tokenizer.TokenText(id)));
        Assert.Equal(Count("plain"), format.Encode([ChatMessage.User("plain"), ChatMessage.Assistant("x")]).Ids.Count(id => Controls.Contains(tokenizer.TokenText(id))));
        Assert.Equal(Count("plain"), Count(forged));
    }

    [Fact]
    public void AThinkingTemplateThatWritesHistoryOtherwiseIsMaskedExactly()
    {
        var tokenizer = HfTokenizer.Load(NodeReference.Vocabulary("tokenizer-qwen3"));
        var format = ChatFormat.For(tokenizer);
        // Thoughts of earlier turns are left out by the template; the last turn's, even empty, are the model's to write.
        Assert.Equal("the bread<|im_end|><think>\n\n</think>\n\nthe water<|im_end|>", Learnt(tokenizer, format.Encode([Talk[0], ChatMessage.Assistant("<think>\nhm\n</think>\n\nthe bread"), Talk[2], Talk[3]])));
        Assert.Equal(tokenizer.Encode(format.Render(Talk)), format.Encode(Talk).Ids);
    }

    [Fact]
    public void AWholeConversationHasTheReferencesTokens()
    {
        foreach (var package in new[] { "tokenizer-llama3_1", "tokenizer-qwen2_5", "tokenizer-gemma3" })
        {
            var tokenizer = HfTokenizer.Load(NodeReference.Vocabulary(package));
            var format = ChatFormat.For(tokenizer);
            Assert.Equal(tokenizer.Encode(format.Render(Talk)), format.Encode(Talk).Ids);
        }
    }

    [Theory]
    [InlineData("first")]
    [InlineData("always")]
    [InlineData("never")]
    public void ASpaceBeforeTheTextComesOnlyWhereTheReferencePutsIt(string scheme)
    {
        using var folder = new TemporaryFolder();
        ComponentParityTests.Llama2(folder, $$"""{"type":"Metaspace","replacement":"▁","prepend_scheme":"{{scheme}}","split":false}""");
        folder.Write("chat_template.jinja", Template("mistral-v3"));
        var tokenizer = HfTokenizer.Load(folder.Path);
        var format = ChatFormat.For(tokenizer);
        Assert.Equal(tokenizer.Encode(format.Render(Talk)), format.Encode(Talk).Ids);
        Assert.Equal("the bread", format.DecodeResponse(format.Encode(Talk[..2]).Ids.AsSpan(format.EncodePrompt(Talk[..1]).Length)));
    }

    [Fact]
    public void AnEmptyAnswerIsItsEndToken()
    {
        var (tokenizer, format) = Load(Template("chatml"));
        Assert.Equal("<|im_end|>", Learnt(tokenizer, format.Encode("Hi", "")));
    }

    [Theory]
    [InlineData("{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == 'user' or m.content == '!' %}{{ m.content }}{% endif %}<|im_end|>{% endfor %}", "assistant part is fully masked: the chat template leaves out")]
    [InlineData("{% for m in messages %}{{ m.content }}<|im_end|>{% generation %}{% endgeneration %}{% endfor %}", "assistant part is fully masked")]
    public void ARowWithNothingToLearnIsAnError(string template, string expected)
    {
        var (_, format) = Load(template);
        Assert.Contains(expected, Assert.Throws<UserFaultException>(() => format.Encode("Hi", "the bread")).Message);
    }

    [Fact]
    public void ATemplateWithoutAGenerationPromptGetsTheHeaderItWrites()
    {
        var (tokenizer, format) = Load("{% for m in messages %}<|im_start|>{{ m.role }}: {{ m.content }}<|im_end|>{% endfor %}");
        Assert.Equal("<|im_start|>user: Hi<|im_end|><|im_start|>assistant: ", tokenizer.Decode(format.EncodePrompt("Hi"), skipSpecial: false));
        Assert.Equal("Yes<|im_end|>", Learnt(tokenizer, format.Encode("Hi", "Yes")));
    }

    [Fact]
    public void TheTemplatesOwnWordsReachTheUser()
    {
        var (_, format) = Load(Template("gemma"));
        var fault = Assert.Throws<UserFaultException>(() => format.Encode("Hi", "Yes", system: "Be kind."));
        Assert.Contains("the template refuses the conversation: System role not supported", fault.Message);
    }

    [Fact]
    public void ADateIsTheSameEveryDay()
    {
        var (_, format) = Load("{{ strftime_now('%d %b %Y') }}" + ChatFormat.ChatMlTemplate);
        Assert.StartsWith("26 Jul 2024<|im_start|>", format.Render([ChatMessage.User("Hi")]));
    }

    private static string Template(string family) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Chat", "Templates", $"{family}.jinja"));

    private static string Learnt(HfTokenizer tokenizer, EncodedChat chat) => tokenizer.Decode([.. chat.Ids.Where((_, i) => chat.IsResponse[i])], skipSpecial: false);

    private static (HfTokenizer, ChatFormat) Load(string template)
    {
        using var folder = new TemporaryFolder();
        BpeTrainer.Train(SampleTokenizer.Corpus, new BpeTrainerOptions(420, 2, Controls)).Save(folder.Path, bosToken: "<s>", eosToken: "</s>", chatTemplate: template);
        var tokenizer = HfTokenizer.Load(folder.Path);
        return (tokenizer, ChatFormat.For(tokenizer));
    }
}
