using AlignGuard.Evaluation.Tasks.Benchmarks;
using AlignGuard.Models;
using Xunit;

namespace AlignGuard.Evaluation.Tests.Benchmarks;

public class FewShotTests
{
    private static readonly BenchmarkTask Task = BenchmarkTasks.Find("mmlu");

    private static BenchmarkItem Item(string subject, string name, int gold = 0) => BenchmarkItem.Choose(name, $"Q {name}\nAnswer:", ["A", "B", "C", "D"], gold) with { Subject = subject };

    private static readonly BenchmarkItem[] Exemplars = [.. Enumerable.Range(0, 6).SelectMany(n => new[] { Item("law", $"l{n}", n % 4), Item("art", $"a{n}", n % 4) })];

    [Fact]
    public void The_first_exemplars_of_the_subject_stand_before_the_question() =>
        Assert.Equal("The following are multiple choice questions (with answers) about law.\n\nQ l0\nAnswer: A\n\nQ l1\nAnswer: B\n\nQ x\nAnswer:",
            new FewShot(Task, [Item("law", "x")], Exemplars, 2, null).Prompt(Item("law", "x")));

    [Fact]
    public void Without_exemplars_the_question_stands_behind_the_preamble() =>
        Assert.Equal("The following are multiple choice questions (with answers) about law.\n\nQ x\nAnswer:", new FewShot(Task, [Item("law", "x")], [], 0, 4).Prompt(Item("law", "x")));

    [Fact]
    public void A_seed_draws_for_every_item_and_only_by_its_name()
    {
        BenchmarkItem[] items = [.. Enumerable.Range(0, 20).Select(n => Item("law", $"x{n}"))];
        var prompts = new FewShot(Task, items, Exemplars, 3, 7);
        Assert.Equal(items.Select(prompts.Prompt), items.Select(new FewShot(Task, items, Exemplars, 3, 7).Prompt));
        Assert.Equal(prompts.Prompt(items[4]), new FewShot(Task, [items[4]], Exemplars, 3, 7).Prompt(items[4]));
        Assert.NotEqual(prompts.Prompt(items[4]), new FewShot(Task, items, Exemplars, 3, 8).Prompt(items[4]));
        Assert.True(items.Select(i => prompts.Prompt(i).Replace($"Q {i.Id}\n", "", StringComparison.Ordinal)).Distinct().Count() > 5);
        Assert.All(items, i => Assert.Equal(3, Exemplars.Count(e => e.Subject == "law" && prompts.Prompt(i).Contains($"Q {e.Id}\n", StringComparison.Ordinal))));
    }

    [Fact]
    public void A_question_is_never_its_own_exemplar() =>
        Assert.Equal("The following are multiple choice questions (with answers) about law.\n\nQ l1\nAnswer: B\n\nQ l0\nAnswer:", new FewShot(Task, [Item("law", "l0")], Exemplars, 1, null).Prompt(Item("law", "l0")));

    [Fact]
    public void Subjects_with_too_few_exemplars_are_all_named()
    {
        var error = Assert.Throws<UserFaultException>(() => new FewShot(Task, [Item("law", "x"), Item("law", "l0"), Item("music", "m"), Item("art", "x")], Exemplars, 6, null));
        Assert.Collection(error.Problems,
            p => Assert.Contains("there are 5 exemplars of the subject 'law'", p, StringComparison.Ordinal),
            p => Assert.Contains("there are 0 exemplars of the subject 'music'", p, StringComparison.Ordinal));
        Assert.Throws<UserFaultException>(() => new FewShot(Task, [], [], -1, null));
    }
}
