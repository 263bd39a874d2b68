using System.Text.RegularExpressions;
using System.Xml.Linq;
using AlignGuard.Pipeline.Reports;
using FsCheck;
using FsCheck.Xunit;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Reports;

public class ComparisonPageTests
{
    private static readonly DriftReport Compared = FakeComparisons.Of(0.6, judged: true);

    private static string Page(DriftReport compared) => ComparisonPage.Render("base.jsonl", "tuned.jsonl", 0.02, compared);

    [Fact]
    public void It_begins_with_what_came_of_it_and_has_every_part()
    {
        var page = Pages.Parse(Page(Compared));
        var line = page.Of("p", "line").Single();
        Assert.Equal(Compared.Line, line.Value);
        Assert.Contains("rejected", line.Attribute("class")!.Value, StringComparison.Ordinal);
        Assert.Equal(["categories", "judging", "flips", "power"], page.Descendants("section").Attributes("id").Select(a => a.Value));
        Assert.Contains("onnx/toxic-bert@0123456789ab", page.Value, StringComparison.Ordinal);
        Assert.Contains("unsafe prompts. These reveal a fall of", page.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void It_needs_nothing_but_itself()
    {
        var text = Page(Compared);
        Assert.DoesNotMatch(new Regex(@"<script|https?:|url\(|@import|//[a-z]", RegexOptions.IgnoreCase), text);
        Assert.Contains("default-src 'none'", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_texts_it_lists_ids_only()
    {
        var page = Page(DriftReportBuilder.Of(FakeComparisons.Pairs(0.6), 0.95, 0.02, texts: false));
        Assert.Empty(Pages.Parse(page).Of("div", "text"));
        Assert.DoesNotContain("to my neighbour", page, StringComparison.Ordinal);
        Assert.Contains("violence-0", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_other_judges_nothing_is_said_of_them() =>
        Assert.DoesNotContain(Pages.Parse(Page(FakeComparisons.Of(0.6))).Descendants("section"), s => s.Attribute("id")!.Value == "judging");

    [Property(MaxTest = 20)]
    public void Any_text_stays_text(NonNull<string> any)
    {
        var names = Pages.Parse(Page(Compared)).Descendants().Select(e => e.Name.LocalName);
        var hostile = ComparisonPage.Render("base.jsonl" + any.Get, "tuned.jsonl" + any.Get, 0.02, Texts.In(Compared, t => t + any.Get));
        Assert.Equal(names, Pages.Parse(hostile).Descendants().Select(e => e.Name.LocalName));
    }

    [Theory]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("</summary></details><img src=x onerror=alert(1)>")]
    [InlineData("\" open=\"open\" onclick=\"alert(1)")]
    public void Hostile_text_stays_text(string hostile)
    {
        var page = Page(Texts.In(Compared, t => hostile + t));
        Assert.DoesNotContain(Pages.Parse(page).Descendants(), e => e.Name.LocalName is "script" or "img" || e.Attributes().Any(a => a.Name.LocalName.StartsWith("on", StringComparison.Ordinal) || a.Name.LocalName == "open"));
    }
}
