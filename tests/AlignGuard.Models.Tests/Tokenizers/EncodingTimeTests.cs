using System.Diagnostics;
using AlignGuard.Models.Tokenizers;
using AlignGuard.Tests;
using Xunit;

namespace AlignGuard.Models.Tests.Tokenizers;

/// <summary>Eight times the text takes about eight times as long, not sixty-four.</summary>
public class EncodingTimeTests
{
    [Theory]
    [InlineData("tokenizer-gpt2", "The quick brown fox; ")]
    [InlineData("tokenizer-gpt2", "a")]
    [InlineData("tokenizer-llama2", "The quick brown fox; ")]
    [InlineData("tokenizer-llama2", "a")]
    [InlineData("unigram", "The quick brown fox; ")]
    [InlineData("unigram", "a")]
    public void AMegabyteIsNotQuadratic(string package, string unit)
    {
        using var folder = new TemporaryFolder();
        if (package == "unigram") UnigramSample.Write(folder.Path);
        var tokenizer = HfTokenizer.Load(package == "unigram" ? folder.Path : NodeReference.Vocabulary(package));
        var text = string.Concat(Enumerable.Repeat(unit, (1 << 20) / unit.Length));
        Seconds(text[..(text.Length / 8)]);
        var (eighth, whole) = (Seconds(text[..(text.Length / 8)]), Seconds(text));
        Assert.True(whole < 24 * eighth + 0.5, $"{eighth:0.000} s for an eighth, {whole:0.000} s for 1 MB");

        // The fastest of three: a busy machine makes a reading longer, never shorter.
        double Seconds(string part) => Enumerable.Range(0, 3).Min(_ =>
        {
            var watch = Stopwatch.StartNew();
            Assert.NotEmpty(tokenizer.Encode(part));
            return watch.Elapsed.TotalSeconds;
        });
    }
}
