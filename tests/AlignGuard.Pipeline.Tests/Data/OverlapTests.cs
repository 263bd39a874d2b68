using AlignGuard.Evaluation.Prompts;
using AlignGuard.Models.Chat;
using AlignGuard.Pipeline.Data;
using FsCheck.Xunit;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Data;

public class OverlapTests
{
    [Theory]
    [InlineData("How do I  bake\tbread?", "how do i bake bread?\n", true)]
    [InlineData("Ｂａｋｅ ﬁsh", "bake fish", true)]
    [InlineData("cafe\u0301", "CAFÉ", true)]
    [InlineData("bake\u00a0bread", "bake\u2003bread", true)]
    [InlineData("What is 3 + 4?", "What is 3 - 4?", false)]
    [InlineData("bake bread", "bakebread", false)]
    public void Texts_are_one_when_only_case_width_composition_and_space_differ(string trained, string reserved, bool same) =>
        Assert.Equal(same, Overlap.Find(Rows([ChatMessage.User(trained), ChatMessage.Assistant("b")]), [new("p", reserved)]).Count == 1);

    [Fact]
    public void Each_offending_row_is_named_once_with_what_it_meets()
    {
        var training = Rows(
            [ChatMessage.User("one"), ChatMessage.Assistant("b")],
            [ChatMessage.System("two"), ChatMessage.User("fine"), ChatMessage.Assistant("three")],
            [ChatMessage.System("s"), ChatMessage.User("TWO"), ChatMessage.Assistant("b"), ChatMessage.User("one"), ChatMessage.Assistant("b")],
            [ChatMessage.User("fine"), ChatMessage.Assistant("b"), ChatMessage.User("three"), ChatMessage.Assistant("b")]);
        ReservedText[] reserved = [new("e:1", "One"), new("e:2", "two"), new("e:3", "three"), new("e:4", "four")];
        Assert.Equal([("t:1", "e:1"), ("t:3", "e:2"), ("t:4", "e:3")], Overlap.Find(training, reserved).Select(s => (s.Training.ToString(), s.Reserved)));
        Assert.Equal(["t:1: asks what e:1 asks", "t:3: asks what e:2 asks", "t:4: asks what e:3 asks"], Overlap.Problems(training, reserved).Select(p => p[..p.IndexOf(',')]));
        Assert.Empty(Overlap.Find(training, [new("e:4", "four")]));
        Assert.Empty(Overlap.Problems(training, []));
    }

    [Fact]
    public void A_longer_conversation_overlaps_as_a_whole()
    {
        ChatMessage[] thanks = [ChatMessage.User("one"), ChatMessage.Assistant("b"), ChatMessage.User("thanks"), ChatMessage.Assistant("c")];
        var evaluation = Rows(thanks, [ChatMessage.User("two"), ChatMessage.Assistant("b"), ChatMessage.User("thanks"), ChatMessage.Assistant("c")]);
        var training = Rows([ChatMessage.User("three"), ChatMessage.Assistant("b"), ChatMessage.User("thanks"), ChatMessage.Assistant("c")], [.. thanks, ChatMessage.User("d"), ChatMessage.Assistant("e")]);
        Assert.Equal([("t:2", "t:1")], Overlap.Find(training, Overlap.Texts(evaluation)).Select(s => (s.Training.ToString(), s.Reserved)));
    }

    [Fact]
    public void Many_overlaps_are_counted()
    {
        var rows = Rows([.. Enumerable.Range(0, 80).Select(i => new[] { ChatMessage.User($"q{i}"), ChatMessage.Assistant("b") })]);
        var problems = Overlap.Problems(rows, Overlap.Texts(rows));
        Assert.Equal(51, problems.Count);
        Assert.Equal("t: 80 problems in 80 rows; the first 50 are listed.", problems[^1]);
    }

    [Fact]
    public void The_built_in_task_shares_nothing_with_its_held_out_rows_or_the_prompts()
    {
        var training = RowSource.Read("builtin:how-to", new RowReading(), DataPart.Train);
        Assert.Empty(Overlap.Find(training, Overlap.Texts(RowSource.Read("builtin:how-to", new RowReading(), DataPart.Eval))));
        Assert.Empty(Overlap.Find(training, Overlap.Texts("driftcheck.prompts", PromptBank.DriftCheck())));
        Assert.Equal("fisher.prompts (q7)", Assert.Single(Overlap.Texts("fisher.prompts", [new Prompt("q7", "x", "c", true, "", "", -1)])).Place);
    }

    [Property]
    public bool Normalising_takes_any_text_and_twice_is_once(string? text) => Overlap.Normalise(Overlap.Normalise(text ?? "\ud800")) == Overlap.Normalise(text ?? "\ud800");

    private static RowSet Rows(params ChatMessage[][] rows) =>
        new("t", RowFormat.Messages, [.. rows.Select((r, i) => new DataRow(new RowPlace("t", i + 1), r))], "", 0, []);
}
