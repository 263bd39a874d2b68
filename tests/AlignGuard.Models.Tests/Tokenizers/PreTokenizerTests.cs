using System.Text.RegularExpressions;
using AlignGuard.Models.Tokenizers;
using FsCheck.Xunit;
using Xunit;

namespace AlignGuard.Models.Tests.Tokenizers;

[Properties(Arbitrary = [typeof(TextGenerators)])]
public class PreTokenizerTests
{
    private static readonly SplitPreTokenizer Llama3 = new(new Regex(ReferenceIdsTests.Llama3Pattern, RegexOptions.CultureInvariant), dropMatches: false, invert: false);
    private static readonly ByteLevelPreTokenizer Gpt2 = new(addPrefixSpace: false, useRegex: true);

    [Property]
    public bool PiecesJoinToTheText(string text) =>
        string.Concat(Gpt2.Split(text, false)) == text && string.Concat(Llama3.Split(text, false)) == text;

    [Property]
    public bool NoPieceEndsInsideASurrogatePair(string text) =>
        Llama3.Split(text, false).All(p => !char.IsLowSurrogate(p[0]) && !char.IsHighSurrogate(p[^1]));

    [Theory]
    [InlineData("😀abc", "😀abc")]
    [InlineData("a𝐁𠀀b c", "a𝐁𠀀b| c")]
    [InlineData("1234567", "123|456|7")]
    [InlineData("x𝟙𝟚𝟛𝟜", "x|𝟙𝟚𝟛|𝟜")]
    [InlineData("hi \n\n there", "hi| \n\n| there")]
    [InlineData("you'RE", "you|'RE")]
    public void Llama3PiecesAreThoseOfCodePoints(string text, string pieces) => Assert.Equal(pieces.Split('|'), Llama3.Split(text, false));

    [Theory]
    [InlineData("😀abc", "😀|abc")]
    [InlineData("a𝐁b", "a𝐁b")]
    [InlineData("you're  here", "you|'re| | here")]
    [InlineData("1234 x", "1234| x")]
    public void Gpt2Pieces(string text, string pieces) => Assert.Equal(pieces.Split('|'), Gpt2.Split(text, false));

    [Fact]
    public void PrefixSpaceIsForBeginningsOnly()
    {
        var prefix = new ByteLevelPreTokenizer(addPrefixSpace: true, useRegex: true);
        Assert.Equal([" a", " b"], prefix.Split("a b", continuation: false));
        Assert.Equal(["a", " b"], prefix.Split("a b", continuation: true));
    }

    [Theory]
    [InlineData(false, false, "a|,|b|,|,|c")]
    [InlineData(true, false, "a|b|c")]
    [InlineData(true, true, ",|,|,")]
    public void SplitBehaviours(bool dropMatches, bool invert, string pieces) =>
        Assert.Equal(pieces.Split('|'), new SplitPreTokenizer(new Regex(","), dropMatches, invert).Split("a,b,,c", false));
}
