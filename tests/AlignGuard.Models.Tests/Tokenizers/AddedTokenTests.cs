using System.Text.Json.Nodes;
using AlignGuard.Models.Tokenizers;
using Xunit;

namespace AlignGuard.Models.Tests.Tokenizers;

/// <summary>Flags of added tokens, after the reference's rules: leftmost-longest, strips, word borders, normalised or raw text.</summary>
public class AddedTokenTests
{
    private static readonly HfTokenizer Tokenizer = SampleTokenizer.Load(json =>
    {
        json["normalizer"] = new JsonObject { ["type"] = "NFC" };
        var added = json["added_tokens"]!.AsArray();
        foreach (var (id, content, flag) in new[]
        {
            (900, "<l>", "lstrip"), (901, "<r>", "rstrip"), (902, "word", "single_word"), (903, "<né>", "normalized"), (904, "<né", "none"), (905, "<r><l>", "none"),
        })
            added.Add(new JsonObject { ["id"] = id, ["content"] = content, [flag] = true, ["special"] = false });
    });

    [Theory]
    [InlineData("a  <l> b", "a|<l>| b")]
    [InlineData("a <r>  b", "a |<r>|b")]
    [InlineData("a <r><l> b", "a |<r><l>| b")]
    [InlineData("word sword word! words word_", "word| sword |word|! words word_")]
    [InlineData("<ne\u0301>", "<né>")]
    [InlineData("<né>", "<né|>")]
    [InlineData("<|im_end|><|im_end|>", "<|im_end|>|<|im_end|>")]
    public void TextsAreCutAtAddedTokens(string text, string parts)
    {
        var expected = Regex(parts).SelectMany(p => Tokenizer.TokenId(p) is { } id && p.Length > 1 ? [id] : Tokenizer.EncodeLiteral(p));
        Assert.Equal(expected, Tokenizer.Encode(text));
    }

    // Parts are separated by '|', which the control tokens contain too.
    private static string[] Regex(string parts) =>
        [.. parts.Replace("<|im_end|>", "\u0001").Split('|').Select(p => p.Replace("\u0001", "<|im_end|>"))];

    [Fact]
    public void OnlySpecialTokensAreLeftOutOfTheDecodedText() =>
        Assert.Equal("word", Tokenizer.Decode([Tokenizer.TokenId("word")!.Value, Tokenizer.TokenId("<|im_end|>")!.Value]));

    [Fact]
    public void TheVocabularySizeCountsGaps() => Assert.Equal(906, Tokenizer.VocabSize);
}
