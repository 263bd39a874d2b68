using System.Text.RegularExpressions;
using AlignGuard.Models.Tokenizers;
using FsCheck.Xunit;
using Xunit;

namespace AlignGuard.Models.Tests.Tokenizers;

[Properties(Arbitrary = [typeof(TextGenerators)])]
public class PreTokenizerTests
{
    private static readonly SplitPreTokenizer Llama3 = new(new Regex(ReferenceIdsTests.Llama3Pattern, RegexOptions.CultureInvariant), SplitBehavior.Isolated, invert: false);
    private static readonly ByteLevelPreTokenizer Gpt2 = new(addPrefixSpace: false, useRegex: true);

    [Property]
    public bool PiecesJoinToTheText(string text) =>
        string.Concat(Gpt2.Split(text, default)) == text && string.Concat(Llama3.Split(text, default)) == text;

    [Property]
    public bool NoPieceEndsInsideASurrogatePair(string text) =>
        Llama3.Split(text, default).All(p => !char.IsLowSurrogate(p[0]) && !char.IsHighSurrogate(p[^1]));

    [Theory]
    [InlineData("😀abc", "😀abc")]
    [InlineData("a𝐁𠀀b c", "a𝐁𠀀b| c")]
    [InlineData("1234567", "123|456|7")]
    [InlineData("x𝟙𝟚𝟛𝟜", "x|𝟙𝟚𝟛|𝟜")]
    [InlineData("hi \n\n there", "hi| \n\n| there")]
    [InlineData("you'RE", "you|'RE")]
    public void Llama3PiecesAreThoseOfCodePoints(string text, string pieces) => Assert.Equal(pieces.Split('|'), Llama3.Split(text, default));

    [Theory]
    [InlineData("😀abc", "😀|abc")]
    [InlineData("a𝐁b", "a𝐁b")]
    [InlineData("you're  here", "you|'re| | here")]
    [InlineData("1234 x", "1234| x")]
    public void Gpt2Pieces(string text, string pieces) => Assert.Equal(pieces.Split('|'), Gpt2.Split(text, default));

    [Fact]
    public void PrefixSpaceIsForBeginningsOnly()
    {
        var prefix = new ByteLevelPreTokenizer(addPrefixSpace: true, useRegex: true);
        Assert.Equal([" a", " b"], prefix.Split("a b", new(true, false)));
        Assert.Equal(["a", " b"], prefix.Split("a b", new(false, true)));
    }

    [Theory]
    [InlineData("Isolated", false, "a|,|b|,|,|c")]
    [InlineData("Removed", false, "a|b|c")]
    [InlineData("Removed", true, ",|,|,")]
    [InlineData("MergedWithPrevious", false, "a,|b,|,|c")]
    [InlineData("MergedWithNext", false, "a|,b|,|,c")]
    [InlineData("Contiguous", false, "a|,|b|,,|c")]
    public void SplitBehaviours(string behavior, bool invert, string pieces) =>
        Assert.Equal(pieces.Split('|'), new SplitPreTokenizer(new Regex(","), Enum.Parse<SplitBehavior>(behavior), invert).Split("a,b,,c", default));

    [Theory]
    [InlineData("always", "▁a|▁|▁b")]
    [InlineData("never", "a|▁|▁b")]
    public void MetaspaceBeginsWordsWithTheMark(string scheme, string pieces) =>
        Assert.Equal(pieces.Split('|'), new MetaspacePreTokenizer('▁', scheme, split: true).Split("a  b", default));

    [Fact]
    public void MetaspaceFirstIsForTheBeginningOfTheText()
    {
        var first = new MetaspacePreTokenizer('▁', "first", split: true);
        Assert.Equal(["▁a"], first.Split("a", new(First: true, Continuation: false)));
        Assert.Equal(["a"], first.Split("a", new(First: false, Continuation: false)));
    }
}
