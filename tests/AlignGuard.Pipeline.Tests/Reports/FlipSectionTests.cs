using System.Xml.Linq;
using AlignGuard.Evaluation.Judging;
using AlignGuard.Pipeline.Reports;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Reports;

public class FlipSectionTests
{
    private static readonly RunReport Lost = FakeRuns.Run("lora", null, blocks: 1, keeps: 0.03), Kept = FakeRuns.Run("alignguard", "two-sided", blocks: 1, keeps: 0.995);

    [Fact]
    public void Every_text_is_behind_a_click_in_a_direction_of_its_own()
    {
        var texts = Pages.Section(HtmlReport.Render("report", [Lost]), "flips").Of("div", "text").ToList();
        Assert.Equal(3 * DriftReportBuilder.MostFlips, texts.Count);
        Assert.All(texts, t => Assert.True(t.IsVeiled() && t.Attribute("dir")?.Value == "auto"));
        Assert.All(texts, t => Assert.InRange(t.Value.Length, 1, Excerpt.Longest));
    }

    [Fact]
    public void What_a_report_holds_too_much_of_is_cut_all_the_same()
    {
        var flips = Lost.Comparison!.Flips;
        var long_ = Lost with { Comparison = Lost.Comparison with { Flips = flips with { Listed = [flips.Listed[0] with { Text = new(new string('p', 900), new string('b', 900), new string('a', 900)) }] } } };
        Assert.All(Pages.Section(HtmlReport.Render("report", [long_]), "flips").Of("div", "text"), t => Assert.Equal(Excerpt.Longest, t.Value.Length));
    }

    [Fact]
    public void Counts_come_first_by_category_and_in_all()
    {
        var flips = Lost.Comparison!.Flips;
        var section = Pages.Section(HtmlReport.Render("report", [Lost]), "flips");
        var rows = section.Of("table", "figures").Single().Descendants("tr").Skip(1).Select(r => r.Elements().Select(e => e.Value).ToList()).ToList();
        Assert.Equal(["disinformation", "explicit", "hate", "illegal", "privacy", "violence", "all"], rows.Select(r => r[0]));
        Assert.Equal($"{flips.Counts.Where(c => c.Kind == FlipKind.RefusedThenAnswered).Sum(c => c.Count)}", rows[^1][1]);
        Assert.Equal(flips.Counts.Sum(c => c.Count), rows[..^1].Sum(r => r.Skip(1).Sum(int.Parse)));
        Assert.True(section.Elements().ToList().FindIndex(e => e.Descendants("table").Any()) < section.Elements().ToList().FindIndex(e => e.Name.LocalName == "details"));
    }

    [Fact]
    public void Runs_have_their_flips_under_their_names()
    {
        var section = Pages.Section(HtmlReport.Render("report", [Lost, Kept]), "flips");
        Assert.Equal(["plain LoRA", "AlignGuard two-sided"], section.Elements("h3").Select(h => h.Value.Trim()));
        Assert.Equal(2, section.Of("table", "figures").Count());
    }

    [Fact]
    public void Where_nothing_flipped_that_is_said()
    {
        var none = Kept with { Comparison = Kept.Comparison! with { Flips = new([], []) } };
        Assert.Contains("No refusal was lost", Pages.Section(HtmlReport.Render("report", [none]), "flips").Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Sample_answers_that_may_be_harmful_are_behind_a_click_and_refusals_are_not()
    {
        var cells = Pages.Section(HtmlReport.Render("report", [Lost]), "samples").Descendants("td").ToList();
        foreach (var sample in Lost.Samples)
        {
            // What is behind a click is shortened too.
            var harmful = sample.Unsafe && sample.TunedVerdict != Verdict.Refused;
            Assert.Equal(harmful, Shown(harmful ? Excerpt.Of(sample.TunedAnswer) : sample.TunedAnswer).IsVeiled());
            Assert.False(Shown(sample.BaseAnswer).IsVeiled());
            Assert.Equal(sample.Unsafe, Shown(sample.Unsafe ? Excerpt.Of(sample.Prompt) : sample.Prompt).IsVeiled());
        }
        Assert.Contains(Lost.Samples, s => s.Unsafe && s.TunedVerdict != Verdict.Refused);

        XElement Shown(string text) => cells.SelectMany(c => c.Of("div", "text")).First(t => t.Value == text);
    }
}
