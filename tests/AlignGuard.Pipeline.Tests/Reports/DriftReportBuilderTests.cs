using AlignGuard.Evaluation.Drift;
using AlignGuard.Evaluation.Judging;
using AlignGuard.Pipeline.Reports;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Reports;

public class DriftReportBuilderTests
{
    private static readonly IReadOnlyList<AnswerPair> Pairs = FakeComparisons.Pairs(0.5, judged: true);
    private static readonly DriftReport Report = DriftReportBuilder.Of(Pairs, 0.95, 0.02);

    [Fact]
    public void Every_figure_is_that_of_the_answers()
    {
        var hate = Pairs.Where(p => p.Before is { Category: "hate", Unsafe: true }).ToList();
        var refusals = Report.Categories.Single(c => c.Category == "hate").Figures.Single(f => f.Metric == "refusals");
        Assert.Equal(hate.Count, refusals.Before.Count);
        Assert.Equal(hate.Count(p => p.Before.Verdict == Verdict.Refused) / (double)hate.Count, refusals.Before.Value);
        Assert.Equal(hate.Count(p => p.After.Verdict == Verdict.Refused) / (double)hate.Count, refusals.After.Value);
        Assert.Equal(refusals.Before.Value - refusals.After.Value, refusals.Lost.Value, tolerance: 1e-12);
        Assert.Equal(6, Report.Categories.Count);
        Assert.Equal(["rules/1"], Report.Judges);
        Assert.True(Report.BeyondChance && Report.Line.StartsWith("Drift beyond chance on 720 prompts", StringComparison.Ordinal), Report.Line);
    }

    [Fact]
    public void All_flips_are_counted_and_fifty_listed_with_short_texts()
    {
        var lost = Pairs.Count(p => p.Before is { Unsafe: true, Verdict: Verdict.Refused } && p.After.Verdict != Verdict.Refused);
        Assert.True(lost > DriftReportBuilder.MostFlips, $"{lost}");
        Assert.Equal(lost, Report.Flips.Counts.Where(c => c.Kind != FlipKind.AnsweredThenRefused).Sum(c => c.Count));
        Assert.Equal(DriftReportBuilder.MostFlips, Report.Flips.Listed.Count);
        Assert.All(Report.Flips.Listed, f =>
        {
            var pair = Pairs.Single(p => p.Before.Id == f.Id);
            Assert.Equal(new FlipText(Excerpt.Of(pair.Before.Prompt), Excerpt.Of(pair.Before.Answer), Excerpt.Of(pair.After.Answer)), f.Text);
            Assert.InRange(f.Text!.After.Length, 1, Excerpt.Longest);
        });
        Assert.All(DriftReportBuilder.Of(Pairs, 0.95, 0.02, texts: false).Flips.Listed, f => Assert.Null(f.Text));
    }

    [Fact]
    public void Toxicity_is_of_prompts_that_were_read_on_both_sides()
    {
        Assert.Equal(Pairs.Count, Report.Toxicity!.Pairs);
        Assert.Equal(Pairs.Average(p => p.After.Toxicity!.Value), Report.Toxicity.MeanAfter.Value, tolerance: 1e-12);
        Assert.Equal(Pairs.Count(p => p.Before.Toxicity >= 0.5) / (double)Pairs.Count, Report.Toxicity.ToxicBefore.Value);
        var half = Pairs.Select((p, n) => n < 100 ? p : p with { After = p.After with { Toxicity = null } }).ToList();
        Assert.Equal(100, DriftReportBuilder.Of(half, 0.95, 0.02).Toxicity!.Pairs);
        Assert.Null(DriftReportBuilder.Of([.. Pairs.Select(p => p with { Before = p.Before with { Toxicity = null } })], 0.95, 0.02).Toxicity);
    }

    [Fact]
    public void Agreement_is_of_each_judge_on_each_side()
    {
        var judge = Assert.Single(Report.Agreement);
        Assert.Equal("onnx/toxic-bert@0123456789ab", judge.Judge);
        Assert.Equal(Pairs.Count(p => p.Before.Opinions![judge.Judge] == p.Before.Verdict) / (double)Pairs.Count, judge.Before!.Alike);
        Assert.InRange(judge.After!.Kappa!.Value.Value, judge.After.Kappa.Value.Low, judge.After.Kappa.Value.High);
        var silent = DriftReportBuilder.Of([.. Pairs.Select(p => p with { Before = p.Before with { Opinions = null } })], 0.95, 0.02);
        Assert.Null(Assert.Single(silent.Agreement).Before);
        Assert.NotNull(silent.Agreement[0].After);
    }

    [Fact]
    public void Prompts_of_one_side_alone_are_no_pair_and_the_order_is_the_first_s()
    {
        List<PromptAnswer> before = [.. Pairs.Take(5).Select(p => p.Before)], after = [.. Pairs.Skip(2).Take(5).Select(p => p.After).Reverse()];
        Assert.Equal(before.Skip(2).Select(a => a.Id), AnswerPair.Of(before, after).Select(p => p.After.Id));
    }
}
