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
        var page = HtmlReport.Render("Plain LoRA and AlignGuard on the same data", FakeRuns.Demo(seeds, blocks));
        var path = Path.Combine(AppContext.BaseDirectory, file);
        File.WriteAllText(path, page);
        Assert.InRange(new FileInfo(path).Length, 50_000, 5_000_000);
    }
}
