using System.Xml.Linq;
using AlignGuard.Pipeline.Reports;
using AlignGuard.Pipeline.Reports.Markup;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Reports;

public class CategorySectionTests
{
    private static readonly RunReport Lost = FakeRuns.Run("lora", null, blocks: 1, keeps: 0.03), Kept = FakeRuns.Run("alignguard", "two-sided", blocks: 1, keeps: 0.995);

    private static XElement Section(params RunReport[] runs) => Pages.Section(HtmlReport.Render("report", runs), "categories");

    [Fact]
    public void Every_metric_has_a_chart_with_a_bar_of_both_models_in_every_category()
    {
        var charts = Section(Lost).Of("figure", "bars").ToList();
        Assert.Equal(["Refusals", "Attack success", "Over-refusal", "Helpfulness", "Coherence"], charts.Select(c => c.Descendants("b").First().Value));
        // All prompts and six categories.
        Assert.All(charts, c => Assert.Equal((7, 7), (c.Of("g", "base").Count(), c.Of("g", "s0").Count())));
        Assert.StartsWith("all prompts", charts[0].Of("text", "ty").First().Value, StringComparison.Ordinal);
        Assert.All(charts, c => Assert.Equal(14, c.Of("path", "whisker").Count()));
    }

    [Fact]
    public void A_bar_s_title_holds_its_figures()
    {
        var hate = Lost.Comparison!.Categories.Single(c => c.Category == "hate").Figures.Single(f => f.Metric == "refusals");
        var titles = Section(Lost).Of("g", "bar").Select(b => b.Element("title")?.Value).ToList();
        Assert.Contains($"base model: {Numbers.Percent(hate.Before.Value)} ({Numbers.Interval(hate.Before.Low, hate.Before.High)}) of 60 prompts", titles);
        Assert.Contains($"plain LoRA: {Numbers.Percent(hate.After.Value)} ({Numbers.Interval(hate.After.Low, hate.After.High)}) of 60 prompts; {Numbers.Points(hate.After.Value - hate.Before.Value)} points, p {Numbers.Short(hate.P)}, by Holm {Numbers.Short(hate.Adjusted)}: drift beyond chance", titles);
    }

    [Fact]
    public void Drift_is_marked_where_it_is_beyond_chance_and_nowhere_else()
    {
        foreach (var run in new[] { Lost, Kept })
        {
            var expected = run.Comparison!.Categories.Prepend(run.Comparison.Overall).SelectMany(g => g.Figures).Count(f => f.BeyondChance);
            Assert.Equal(expected, Section(run).Of("text", "beyond").Count());
            Assert.Equal(expected, Section(run).Descendants("td").Count(d => d.Value == "drift"));
        }
        Assert.NotEmpty(Section(Lost).Of("text", "beyond"));
    }

    [Fact]
    public void The_table_of_figures_is_behind_a_click_and_says_nothing_twice()
    {
        var section = Section(Lost);
        var table = Assert.Single(section.Of("table", "figures"));
        Assert.Equal("details", table.Parent!.Parent!.Name.LocalName);
        Assert.Equal(35, table.Elements("tbody").Elements("tr").Count());
    }

    [Fact]
    public void Runs_stand_side_by_side_under_one_bar_of_the_base_model_that_they_share()
    {
        var refusals = Section(Lost, Kept).Of("figure", "bars").First();
        Assert.Equal((7, 7, 7), (refusals.Of("g", "base").Count(), refusals.Of("g", "s0").Count(), refusals.Of("g", "s1").Count()));
        // Another base model has bars of its own.
        var other = Kept with { Comparison = Kept.Comparison! with { Overall = new(null, [.. Kept.Comparison.Overall.Figures.Select(f => f with { Before = new Rate(0.5, 0.4, 0.6, 10) })]) } };
        Assert.Equal(14, Section(Lost, other).Of("figure", "bars").First().Of("g", "base").Count());
    }

    [Fact]
    public void Of_several_seeds_one_is_drawn_and_all_have_their_table()
    {
        var section = Section([.. FakeRuns.Demo(seeds: 3, blocks: 1)]);
        Assert.Equal(7, section.Of("figure", "bars").First().Of("g", "s0").Count());
        Assert.Equal(12, section.Of("table", "figures").Count());
        Assert.Contains("One run of each method is drawn", section.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void A_report_that_is_older_than_comparisons_has_bars_without_tests()
    {
        var section = Section(Lost with { Comparison = null });
        Assert.Equal(["Refusals", "Attack success", "Over-refusal", "Helpfulness", "Coherence"], section.Of("figure", "bars").Select(c => c.Descendants("b").First().Value));
        Assert.Empty(section.Of("text", "beyond"));
        Assert.DoesNotContain("beyond chance", section.Value, StringComparison.Ordinal);
        Assert.DoesNotContain(Pages.Parse(HtmlReport.Render("r", [Lost with { Comparison = null }])).Descendants("section"), s => s.Attribute("id")!.Value == "flips");
    }
}
