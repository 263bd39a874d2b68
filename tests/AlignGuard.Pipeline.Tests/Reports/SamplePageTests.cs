using AlignGuard.Pipeline.Reports;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Reports;

/// <summary>Leaves pages beside the tests, for eyes: tests cannot tell whether a page is readable.</summary>
public class SamplePageTests
{
    [Theory]
    [InlineData("report-demo.html", 1, 4)]
    [InlineData("report-seeds.html", 3, 4)]
    [InlineData("report-deep.html", 1, 30)]
    public void Pages_stay_small_enough_to_be_sent_by_mail(string file, int seeds, int blocks)
    {
        Assert.InRange(Leave(file, HtmlReport.Render("Plain LoRA and AlignGuard on the same data", FakeRuns.Demo(seeds, blocks))), 50_000, 5_000_000);
    }

    [Fact]
    public void A_run_by_itself_and_a_comparison_have_small_pages()
    {
        var run = FakeRuns.Run("alignguard", "two-sided", keeps: 0.9);
        Assert.InRange(Leave("report-one.html", HtmlReport.Render("One run", [run with { Comparison = FakeComparisons.Of(0.9, judged: true) }])), 50_000, 2_000_000);
        Assert.InRange(Leave("comparison.html", ComparisonPage.Render("base.jsonl", "tuned.jsonl", 0.02, FakeComparisons.Of(0.6, judged: true))), 10_000, 500_000);
    }

    private static long Leave(string file, string page)
    {
        var path = Path.Combine(AppContext.BaseDirectory, file);
        File.WriteAllText(path, page);
        return new FileInfo(path).Length;
    }
}
