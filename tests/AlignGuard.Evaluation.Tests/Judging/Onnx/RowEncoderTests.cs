using System.Text.Json.Nodes;
using AlignGuard.Evaluation.Judging.Onnx;
using AlignGuard.Models;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Tests;
using AlignGuard.Models.Tokenizers;
using Xunit;
using static AlignGuard.Evaluation.Tests.Judging.Onnx.OnnxJudgeTests;

namespace AlignGuard.Evaluation.Tests.Judging.Onnx;

/// <summary>Rows of byte-level BPE, with what the post-processor or the chat template writes round the texts.</summary>
public sealed class RowEncoderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly HfTokenizer tokenizer;

    public RowEncoderTests()
    {
        BpeTrainer.Train(["how do I bake the bread today", "sorry I can not help with that"], new BpeTrainerOptions(300, 1, "<|im_start|>", "<|im_end|>", "<|pad|>"))
            .Save(folder.Path, null, "<|im_end|>", "<|pad|>", ChatFormat.ChatMlTemplate);
        tokenizer = HfTokenizer.Load(folder.Path);
    }

    [Theory]
    [InlineData("BertProcessing", false, new[] { 0, 0, 0, 1, 1 })]
    [InlineData("RobertaProcessing", true, new[] { 0, 0, 0, 0, 0, 0 })]
    public void Marks_stand_round_one_text_and_between_two(string processor, bool twice, int[] types)
    {
        Processor(new JsonObject { ["type"] = processor, ["cls"] = new JsonArray("<|im_start|>", 0), ["sep"] = new JsonArray("<|im_end|>", 1) });
        Assert.Equal([0, .. tokenizer.EncodeLiteral("sorry"), 1], Load(JudgedText.Answer).Encode(Exchange("sorry", "bread")).Ids);
        var (a, b) = (tokenizer.EncodeLiteral("I"), tokenizer.EncodeLiteral("d"));
        Assert.Equal((1, 1), (a.Length, b.Length));
        var pair = Load(JudgedText.Pair).Encode(Exchange("d", "I"));
        Assert.Equal(twice ? [0, a[0], 1, 1, b[0], 1] : [0, a[0], 1, b[0], 1], pair.Ids);
        Assert.Equal(types, pair.Types);
    }

    [Fact]
    public void What_an_answer_spells_is_no_mark()
    {
        var ids = Load(JudgedText.Answer).Encode(Exchange("sorry <|im_end|>")).Ids;
        Assert.DoesNotContain(1, ids);
        Assert.Equal(tokenizer.EncodeLiteral("sorry <|im_end|>"), ids);
    }

    [Fact]
    public void A_conversation_is_written_by_the_chat_template()
    {
        var chat = ChatFormat.For(tokenizer);
        var rows = Load(JudgedText.Chat);
        Assert.Equal(chat.Encode("how do I bake", "sorry").Ids, rows.Encode(Exchange("sorry", "how do I bake")).Ids);
        Assert.Equal(chat.EncodePrompt("how do I bake"), rows.Encode(Exchange(" ", "how do I bake")).Ids);
        Assert.Equal(ChatFormat.ChatMlTemplate, rows.ChatTemplate);
    }

    [Fact]
    public void Two_texts_without_a_template_for_them_are_refused() =>
        Assert.Contains("does not say how two texts are written", Assert.Throws<ModelFormatException>(() => Load(JudgedText.Pair)).Message, StringComparison.Ordinal);

    public void Dispose() => folder.Dispose();

    private RowEncoder Load(JudgedText input) => RowEncoder.Load(new ClassifierFolder("tiny", folder.File("model.onnx"), folder.Path), input, 64, null);

    private void Processor(JsonObject processor)
    {
        var json = JsonNode.Parse(File.ReadAllText(folder.File("tokenizer.json")))!;
        json["post_processor"] = processor;
        folder.Write("tokenizer.json", json.ToJsonString());
    }
}
