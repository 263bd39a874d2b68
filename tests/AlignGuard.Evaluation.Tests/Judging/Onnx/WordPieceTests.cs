using System.Text.Json;
using AlignGuard.Evaluation.Judging.Onnx.WordPiece;
using AlignGuard.Models;
using FsCheck.Xunit;
using Xunit;

namespace AlignGuard.Evaluation.Tests.Judging.Onnx;

/// <summary>Ids as the reference implementation of BERT's tokenizer has them.</summary>
public class WordPieceTests
{
    private static readonly string[] Vocab = ["[UNK]", "[SEP]", "hello", "world", "!", "$", "5", "##5", "un", "##aff", "##able", "cafe", "café", "你", "好", "😀", "a", "##b", "b", "'", "s", "_", "x", "y", "sep", "[", "]", "é"];

    [Theory]
    [InlineData("Hello,  world!", "hello [UNK] world !")]
    [InlineData("$5 55", "$ 5 5 ##5")]
    [InlineData("unaffable", "un ##aff ##able")]
    [InlineData("unaffably", "[UNK]")]
    [InlineData("Café", "cafe")]
    [InlineData("你好", "你 好")]
    [InlineData("😀 hello😀", "😀 [UNK]")]
    [InlineData("x_y's", "x _ y ' s")]
    [InlineData("[SEP]", "[ sep ]")]
    [InlineData("a\u200db a\0b a\tb", "a ##b a ##b a b")]
    [InlineData("", "")]
    public void Words_are_cut_as_in_the_reference(string text, string expected) => Assert.Equal(expected, Encode(text));

    [Fact]
    public void Accents_and_case_stay_where_the_normaliser_says_so()
    {
        Assert.Equal("café", Encode("café", stripAccents: "false", lowercase: "false"));
        Assert.Equal("café", Encode("Café", stripAccents: "false"));
        Assert.Equal("[UNK]", Encode("Café", lowercase: "false"));
        Assert.Equal("cafe", Encode("café", stripAccents: "true", lowercase: "false"));
    }

    [Property(MaxTest = 200)]
    public void Every_word_becomes_the_longest_pieces_from_the_left_or_is_unknown(string text)
    {
        var normal = new BertNormalizer(true, true, true, true).Apply(text ?? "");
        var expected = WordPieces.Words(normal).SelectMany(Longest);
        Assert.Equal(string.Join(' ', expected), Encode(text ?? ""));
    }

    private static List<string> Longest(string word)
    {
        var pieces = new List<string>();
        for (var at = 0; at < word.Length;)
        {
            var end = word.Length;
            while (end > at && !Vocab.Contains((at > 0 ? "##" : "") + word[at..end])) end--;
            if (end == at) return ["[UNK]"];
            pieces.Add((at > 0 ? "##" : "") + word[at..end]);
            at = end;
        }
        return word.EnumerateRunes().Count() > 100 ? ["[UNK]"] : pieces;
    }

    private static string Encode(string text, string stripAccents = "null", string lowercase = "true")
    {
        using var json = JsonDocument.Parse($$"""
            { "normalizer": { "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": {{stripAccents}}, "lowercase": {{lowercase}} },
              "pre_tokenizer": { "type": "BertPreTokenizer" },
              "model": { "type": "WordPiece", "vocab": {{JsonSerializer.Serialize(Vocab.Index().ToDictionary(v => v.Item, v => v.Index))}} } }
            """);
        var keys = new JsonKeys("tokenizer.json");
        var pieces = WordPieceJson.Read(json.RootElement, keys);
        keys.ThrowIfAny();
        return string.Join(' ', pieces!.Encode(text).Select(id => Vocab[id]));
    }
}
