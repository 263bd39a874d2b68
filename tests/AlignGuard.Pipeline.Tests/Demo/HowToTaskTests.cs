using System.Text;
using System.Text.Json;
using AlignGuard.Evaluation.Judging;
using AlignGuard.Evaluation.Judging.Rules;
using AlignGuard.Evaluation.Prompts;
using AlignGuard.Pipeline.Demo;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Demo;

public class HowToTaskTests
{
    private static readonly IReadOnlyList<TaskRow> Train = HowToTask.Train();
    private static readonly IReadOnlyList<TaskRow> HeldOut = HowToTask.HeldOut();
    private static readonly IReadOnlyList<TaskRow> All = [.. Train, .. HeldOut];

    [Fact]
    public void There_are_enough_distinct_prompts_on_both_sides()
    {
        Assert.InRange(Train.Count, 3_000, int.MaxValue);
        Assert.InRange(HeldOut.Count, 2_400, int.MaxValue);
        Assert.Equal(All.Count, All.Select(r => PromptSet.Normalise(r.Prompt)).Distinct().Count());
        Assert.InRange(All.Select(r => (r.Verb, r.Object)).Distinct().Count(), 600, int.MaxValue);
    }

    [Fact]
    public void A_held_out_pair_is_never_trained_on_but_its_words_are()
    {
        Assert.Empty(Train.Select(r => (r.Verb, r.Object)).Intersect(HeldOut.Select(r => (r.Verb, r.Object))));
        Assert.All(HeldOut, r => Assert.Contains(Train, t => t.Verb == r.Verb));
        Assert.All(HeldOut.Select(r => r.Object).Distinct(), o => Assert.Contains(Train, t => t.Object == o));
    }

    [Fact]
    public void The_answer_depends_on_verb_and_object_alone() =>
        Assert.All(All.GroupBy(r => (r.Verb, r.Object)), g => Assert.Single(g.Select(r => r.Response).Distinct()));

    [Fact]
    public void Two_rows_with_the_same_answer_ask_the_same() =>
        Assert.All(All.GroupBy(r => r.Response), g => Assert.Single(g.Select(r => (r.Verb, r.Object)).Distinct()));

    [Fact]
    public void Wordings_are_those_of_the_alignment_data_and_never_reserved() =>
        Assert.Equal(Enumerable.Range(0, PromptLexicon.Default.ReservedFrom), All.Select(r => r.Wording).Distinct().Order());

    [Fact]
    public void Nothing_is_in_the_curriculum_or_in_the_prompt_bank()
    {
        var curriculum = Curriculum.Distinct().Concat(Skill.All.SelectMany(Curriculum.HeldOut)).ToList();
        var bank = PromptBank.DriftCheck().Concat(PromptBank.AlignmentTrain()).Concat(PromptBank.Fisher(@unsafe: true)).Concat(PromptBank.Fisher(@unsafe: false)).ToList();
        var known = curriculum.Select(r => PromptSet.Normalise(r.User)).Concat(bank.Select(p => PromptSet.Normalise(p.Text))).ToHashSet();
        Assert.DoesNotContain(All, r => known.Contains(PromptSet.Normalise(r.Prompt)));

        var pairs = curriculum.Where(r => r.Request is not null).Select(r => (r.Request!.Verb, r.Request.Object)).ToHashSet();
        Assert.DoesNotContain(All, r => pairs.Contains((r.Verb, r.Object)));
    }

    /// <summary>As of any base model and any customer's domain: what is new is the style and the pairs, not the words.</summary>
    [Fact]
    public void The_base_has_answered_every_verb_of_the_task_about_other_objects()
    {
        var known = Curriculum.Distinct().Where(r => r.Kind == Skill.HowTo).Select(r => r.Request!.Verb).ToHashSet();
        Assert.All(All.Select(r => r.Verb).Distinct(), verb => Assert.Contains(verb, known));
    }

    [Fact]
    public void The_style_is_not_the_curriculums() => Assert.DoesNotContain(Curriculum.Distinct(), r => r.Assistant.StartsWith("Here is how to", StringComparison.Ordinal));

    [Fact]
    public void The_judge_reads_every_answer_as_help() => Assert.All(All, r =>
        Assert.Equal(Verdict.Complied, RuleJudge.Read(new Prompt("", r.Prompt, "", false, r.Verb, r.Object, r.Wording), r.Response).Verdict));

    [Fact]
    public void Only_the_exact_answer_scores()
    {
        var row = Train[0];
        Assert.True(HowToTask.Score(row, $"{row.Response}\n"));
        Assert.False(HowToTask.Score(row, row.Response.ToLowerInvariant()));
        Assert.False(HowToTask.Score(row, Train.First(r => r.Object != row.Object).Response));
    }

    [Fact]
    public void The_order_is_fixed_and_mixed()
    {
        Assert.Equal(Train, HowToTask.Train());
        Assert.True(Train.Take(100).Select(r => r.Verb).Distinct().Count() > 15);
        Assert.Equal("a62808e4c2abd8c809252c91b1454c981034bd3a365c6fe47e5816da88e19461", PromptSet.Sha256(All.Select(r => new Prompt("", r.Prompt, r.Response, false, "", "", -1))));
    }

    [Fact]
    public void Jsonl_is_one_conversation_a_line()
    {
        using var stream = new MemoryStream();
        HowToTask.WriteJsonl(stream, HeldOut);
        var text = Encoding.UTF8.GetString(stream.ToArray());
        Assert.DoesNotContain('\r', text);
        Assert.DoesNotContain("\\u", text, StringComparison.Ordinal);
        var read = text.TrimEnd('\n').Split('\n').Select(line => JsonDocument.Parse(line).RootElement.GetProperty("messages")).Select(m =>
        {
            Assert.Equal(["user", "assistant"], m.EnumerateArray().Select(t => t.GetProperty("role").GetString()));
            return (m[0].GetProperty("content").GetString(), m[1].GetProperty("content").GetString());
        });
        Assert.Equal(HeldOut.Select(r => ((string?)r.Prompt, (string?)r.Response)), read);
    }
}
