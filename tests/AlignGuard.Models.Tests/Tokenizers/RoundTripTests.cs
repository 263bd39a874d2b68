using System.Text;
using AlignGuard.Models.Tokenizers;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;

namespace AlignGuard.Models.Tests.Tokenizers;

/// <summary>Text of all of Unicode, with what splits words and pairs: emoji beside letters, marks, controls, control tokens.</summary>
public static class TextGenerators
{
    public static Arbitrary<string> Text() => Gen.Frequency(
            (4, Gen.Choose(32, 126)), (1, Gen.Choose(0, 31)), (2, Gen.Choose(0x80, 0xD7FF)), (1, Gen.Choose(0xE000, 0xFFFF)), (2, Gen.Choose(0x10000, 0x10FFFF)))
        .Select(c => new Rune(c).ToString())
        .Or(Gen.Elements("<|im_start|>", "<|im_end|>", "<|endoftext|>", "assistant\n", " the", "'s", "  ", "\r\n", "😀", "𝐁", "e\u0301"))
        .ListOf().Select(string.Concat).ToArbitrary();
}

[Properties(Arbitrary = [typeof(TextGenerators)])]
public class RoundTripTests
{
    private static readonly HfTokenizer Tokenizer = SampleTokenizer.Load();

    [Property]
    public bool DecodingWhatWasEncodedGivesTheText(string text) =>
        Tokenizer.Decode(Tokenizer.Encode(text), skipSpecial: false) == text;

    [Property]
    public bool LiteralEncodingRoundTripsWithoutAnySpecialToken(string text) =>
        Tokenizer.EncodeLiteral(text) is var ids && ids.All(id => id > 2) && Tokenizer.Decode(ids) == text;

    [Property]
    public bool SpecialTokensInTheTextBecomeTheirIds(string before, string after) =>
        Tokenizer.Encode(before + "<|im_end|>" + after).SequenceEqual([.. Tokenizer.Encode(before), 2, .. Tokenizer.Encode(after)]);

    [Property]
    public bool HalfSurrogatesReadAsReplacementCharacters(string text, ushort half) =>
        Tokenizer.Decode(Tokenizer.EncodeLiteral(text + (char)(0xD800 + half % 0x800) + " ")) == text + "\uFFFD ";

    [Property]
    public bool AllIdsAreBelowTheVocabularySize(string text) => Tokenizer.Encode(text).All(id => id >= 0 && id < Tokenizer.VocabSize);

    [Fact]
    public void ThreadsDoNotDisturbEachOther()
    {
        var tokenizer = SampleTokenizer.Load();
        var texts = Enumerable.Range(0, 2000).Select(i => $"{SampleTokenizer.Corpus[i % SampleTokenizer.Corpus.Length]} {i}").ToArray();
        var together = texts.AsParallel().AsOrdered().WithDegreeOfParallelism(8).Select(t => tokenizer.Encode(t)).ToArray();
        Assert.Equal(texts.Select(t => SampleTokenizer.Load().Encode(t)).Take(20), together.Take(20));
        Assert.Equal(texts, together.Select(ids => tokenizer.Decode(ids)));
    }

    [Fact]
    public void EveryIdHasATextThatLeadsBackToIt() =>
        Assert.All(Enumerable.Range(0, Tokenizer.VocabSize), id => Assert.Equal(id, Tokenizer.TokenId(Tokenizer.TokenText(id)!)));

    [Fact]
    public void RolesComeFromTheConfig() =>
        Assert.Equal((null, 2, 0, "2"), (Tokenizer.BosId, Tokenizer.EosId, Tokenizer.PadId, string.Join(',', Tokenizer.StopIds)));

    [Fact]
    public void UnknownIdsDecodeToNothingAndSpecialOnesOnRequest()
    {
        Assert.Equal("", Tokenizer.Decode([0, 99_999, -1]));
        Assert.Equal("<|endoftext|>", Tokenizer.Decode([0, 99_999], skipSpecial: false));
    }
}
