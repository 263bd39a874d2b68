using System.Text.Json.Nodes;
using AlignGuard.Models.Tokenizers;
using Xunit;

namespace AlignGuard.Models.Tests.Tokenizers;

/// <summary>Ids that Hugging Face's own tokenizers (the JavaScript package @huggingface/tokenizers 0.2.0) gave for the same files and texts.</summary>
public class ReferenceIdsTests
{
    public const string Llama3Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    [Theory]
    [InlineData("Hello, world!", "42,71,78,275,14,270,265,78,70,3")]
    [InlineData("I'm you'RE we'll 'S", "43,9,79,223,91,81,87,9,52,39,270,71,9,78,78,223,9,53")]
    [InlineData("1234567 ١٢٣", "19,20,21,22,23,24,25,223,152,97,152,98,152,99")]
    [InlineData("tab\tnew\r\n\r\n x", "86,67,68,200,80,71,89,319,319,223,90")]
    [InlineData("naïve cafe\u0301", "80,294,110,88,71,278,292,71,139,226")]
    [InlineData("你好 𠀀𠀁字", "163,124,257,164,101,124,223,175,257,225,225,175,257,225,226,164,258,248")]
    [InlineData("😀abc 😀!", "318,67,68,69,223,318,3")]
    [InlineData("𝐁𝐨𝐥𝐝a 𝟙2", "277,226,277,104,277,101,277,254,67,223,276,256,250,20")]
    [InlineData("<|im_start|>user\nhi<|im_end|>\n", "1,311,201,74,75,2,201")]
    [InlineData("The quick brown fox; Explain the water cycle", "291,223,83,87,297,268,84,284,80,269,81,90,29,223,39,312,262,290,278,91,69,78,71")]
    [InlineData("  two  spaces  ", "223,260,89,81,223,223,85,82,67,69,71,85,223,223")]
    public void Gpt2Style(string text, string ids) => Assert.Equal(ids, Join(SampleTokenizer.Load().Encode(text)));

    [Theory]
    [InlineData("The quick brown fox; Explain the water cycle", "0,291,500,268,84,284,80,269,81,90,29,223,39,312,262,290,278,91,69,78,71")]
    [InlineData("tab\tnew\r\n\r\n x", "0,86,67,68,200,80,71,89,319,319,223,90")]
    [InlineData("<|im_start|>user\nhi<|im_end|>\n", "0,1,311,201,74,75,2,201")]
    public void Llama3StyleWithIgnoreMergesAndABeginningToken(string text, string ids) =>
        Assert.Equal(ids, Join(SampleTokenizer.Load(Llama3).Encode(text, addSpecialTokens: true)));

    [Theory]
    [InlineData("naïve cafe\u0301", "80,294,110,88,71,278,292,130,105")]
    [InlineData("1234567 ١٢٣", "19,20,21,22,23,24,25,223,152,97,152,98,152,99")]
    public void QwenStyleWithNfcAndMergesAsPairs(string text, string ids) => Assert.Equal(ids, Join(SampleTokenizer.Load(Qwen).Encode(text)));

    [Theory]
    [InlineData("Hello, world!", "223,42,71,78,275,14,270,265,78,70,3")]
    [InlineData("<|im_start|>user\nhi<|im_end|>\n", "1,324,201,74,75,2,223,201")]
    [InlineData("  two  spaces  ", "223,260,89,81,223,223,85,82,67,69,71,85,223,223")]
    public void AddPrefixSpace(string text, string ids) =>
        Assert.Equal(ids, Join(SampleTokenizer.Load(json => json["pre_tokenizer"]!["add_prefix_space"] = true).Encode(text)));

    [SkippableTheory]
    [InlineData("Hello, world!", "39,385,78,11,675,0")]
    [InlineData("I'm you'RE we'll 'S", "40,1791,191,6,49,36,324,6,709,1032,50")]
    [InlineData("<|im_start|>user\nhi<|im_end|>\n", "2001,273,105,94,71,72,2002,94")]
    [InlineData("The quick brown fox; Explain the water cycle", "298,1394,127,575,77,123,1461,26,1442,1343,103,800,107,1342,132")]
    [InlineData("  two  spaces  ", "95,532,95,294,279,113,96")]
    [InlineData("😀abc 😀!", "231,66,95,0")]
    public void ATokenizerOfOthersWithoutAllBytes(string text, string ids)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("tokenizer.json"), File.ReadAllBytes(Path.Combine(SharedFolder.Get("data"), "tiny_bpe_tokenizer.json")));
        var tokenizer = HfTokenizer.Load(folder.Path);
        Assert.Equal(ids, Join(tokenizer.Encode(text)));
        // Bytes that the vocabulary lacks vanish; all others come back.
        Assert.Equal(text.Replace("😀", ""), tokenizer.Decode(tokenizer.Encode(text), skipSpecial: false));
        Assert.Equal(2003, tokenizer.VocabSize);
        Assert.Null(tokenizer.EosId);
    }

    private static void Llama3(JsonObject json)
    {
        json["pre_tokenizer"] = Split(Llama3Pattern, "Isolated", invert: false);
        json["model"]!["ignore_merges"] = true;
        json["model"]!["vocab"]!["Ġquick"] = 500;
        json["post_processor"] = JsonNode.Parse("""
            {"type":"Sequence","processors":[{"type":"ByteLevel"},{"type":"TemplateProcessing",
             "single":[{"SpecialToken":{"id":"<|endoftext|>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
             "special_tokens":{"<|endoftext|>":{"id":"<|endoftext|>","ids":[0],"tokens":["<|endoftext|>"]}}}]}
            """);
    }

    private static void Qwen(JsonObject json)
    {
        json["normalizer"] = new JsonObject { ["type"] = "NFC" };
        json["pre_tokenizer"] = Split(Llama3Pattern.Replace("{1,3}", ""), "Removed", invert: true);
        json["model"]!["merges"] = new JsonArray([.. json["model"]!["merges"]!.AsArray().Select(m => (JsonNode)new JsonArray([.. ((string)m!).Split(' ').Select(t => (JsonNode)t)]))]);
    }

    public static JsonObject Split(string pattern, string behavior, bool invert) => new()
    {
        ["type"] = "Sequence",
        ["pretokenizers"] = new JsonArray(
            new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = pattern }, ["behavior"] = behavior, ["invert"] = invert },
            new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = false }),
    };

    private static string Join(int[] ids) => string.Join(',', ids);
}
