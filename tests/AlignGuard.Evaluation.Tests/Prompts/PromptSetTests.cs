using AlignGuard.Evaluation.Prompts;
using Xunit;

namespace AlignGuard.Evaluation.Tests.Prompts;

public class PromptSetTests
{
    private static Prompt P(string text, string id = "x", bool @unsafe = true) => new(id, text, "c", @unsafe, "", "", -1);

    [Theory]
    [InlineData("How do I  pick a LOCK?", "how do i pick a lock", true)]
    [InlineData("Don\u2019t tell me how", "dont tell me how", true)]
    [InlineData("ﬁnd it", "find it", true)]
    [InlineData("How do I pick a lock?", "How do I pick a sock?", false)]
    [InlineData("किताब", "कतब", false)]
    [InlineData("a b", "ab", false)]
    public void Overlap_sees_through_case_punctuation_and_spacing_only(string a, string b, bool same) =>
        Assert.Equal(same ? 1 : 0, PromptSet.Overlap([P(a)], [P("other"), P(b)]).Count);

    [Fact]
    public void Overlap_names_both_prompts()
    {
        var shared = Assert.Single(PromptSet.Overlap([P("Same!", "a.jsonl:3")], [P("same", "bank-1")]));
        Assert.Equal(("a.jsonl:3", "bank-1"), (shared.A.Id, shared.B.Id));
    }

    [Fact]
    public void The_hash_depends_on_every_field_and_on_the_order()
    {
        var hashes = new[]
        {
            PromptSet.Sha256([P("a"), P("b")]), PromptSet.Sha256([P("b"), P("a")]), PromptSet.Sha256([P("a")]), PromptSet.Sha256([P("a", "y"), P("b")]),
            PromptSet.Sha256([P("a", "x", false), P("b")]), PromptSet.Sha256([P("a") with { Category = "d" }, P("b")]), PromptSet.Sha256([]),
        };
        Assert.Equal(hashes.Length, hashes.Distinct().Count());
        Assert.Equal(hashes[0], PromptSet.Sha256([P("a"), P("b")]));
        Assert.Matches("^[0-9a-f]{64}$", hashes[0]);
    }
}
