using System.Text;
using AlignGuard.Pipeline.Reports;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Reports;

public class ExcerptTests
{
    // Long enough to be cut, with pairs, marks and line breaks in it.
    private static readonly Arbitrary<string> Texts = Gen.Elements("a", "word ", "\n", " \t ", "é", "e\u0301", "😀", "👩‍👩‍👧", "\u202E", "ש", "\ud800").ListOf(300).Select(string.Concat).ToArbitrary();

    [Property]
    public Property An_excerpt_is_short_one_line_and_an_excerpt_of_itself() => Prop.ForAll(Texts, text =>
    {
        var excerpt = Excerpt.Of(text);
        Assert.InRange(excerpt.Length, 0, Excerpt.Longest);
        Assert.DoesNotContain(excerpt, c => c is '\n' or '\t');
        Assert.Equal(excerpt, Excerpt.Of(excerpt));
    });

    [Property]
    public Property It_is_the_beginning_and_says_when_there_is_more() => Prop.ForAll(Texts, text =>
    {
        var whole = string.Join(' ', text.Split((char[])[], StringSplitOptions.RemoveEmptyEntries));
        var excerpt = Excerpt.Of(text);
        if (whole.Length <= Excerpt.Longest) Assert.Equal(whole, excerpt);
        else Assert.True(excerpt[^1] == '…' && whole.StartsWith(excerpt[..^1], StringComparison.Ordinal), excerpt);
    });

    [Theory]
    [InlineData("😀")]
    [InlineData("👩‍👩‍👧")]
    public void It_is_not_cut_in_the_middle_of_a_character(string character)
    {
        var excerpt = Excerpt.Of(string.Concat(Enumerable.Repeat(character, 200)));
        Assert.Equal(0, (excerpt.Length - 1) % character.Length);
        Assert.DoesNotContain(excerpt.EnumerateRunes(), r => r == Rune.ReplacementChar);
    }

    [Fact]
    public void A_character_of_endless_marks_is_cut_too() => Assert.Equal(Excerpt.Longest, Excerpt.Of("e" + new string('\u0301', 5000)).Length);
}
