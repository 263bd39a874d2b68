using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using AlignGuard.Pipeline.Reports;
using AlignGuard.Pipeline.Reports.Markup;
using FsCheck;
using FsCheck.Xunit;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Reports;

public class HtmlReportTests
{
    private static readonly IReadOnlyList<RunReport> Demo = FakeRuns.Demo();

    [Theory]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("</title></style></pre><img src=x onerror=alert(1)>")]
    [InlineData("\" onmouseover=\"alert(1)")]
    [InlineData("' autofocus onfocus='alert(1)")]
    [InlineData("]]>&lt;b&gt;<!-- &amp; -->")]
    [InlineData("\u202Egnp.exe \u0000\u0007\u001b[31m \ud800 \uffff {0} {{x}}")]
    public void Hostile_text_stays_text(string hostile)
    {
        var page = Parse(HtmlReport.Render("report" + hostile, [.. Demo.Select(r => Texts.In(r, t => t + hostile))]));
        // The same elements with the same attributes' names as without it: nothing in it became markup.
        Assert.Equal(Shape(Parse(HtmlReport.Render("report", Demo))), Shape(page));
        var text = Printable(hostile);
        Assert.Equal("report" + text, page.Descendants("title").First().Value);
        Assert.Contains(page.Descendants("div").Where(d => d.Attribute("class")?.Value == "text"), d => d.Value == Printable(Demo[0].Samples.First(s => !s.Unsafe).TunedAnswer + hostile));
        Assert.Equal(Demo.Count, page.Descendants("code").Count(c => c.Value.StartsWith("name: how-to-style", StringComparison.Ordinal) && c.Value.EndsWith(text, StringComparison.Ordinal)));
    }

    [Property(MaxTest = 15)]
    public void Any_text_stays_text(NonNull<string> any)
    {
        var run = FakeRuns.Run("alignguard", "two-sided", blocks: 1);
        var page = Parse(HtmlReport.Render(any.Get, [Texts.In(run, t => t + any.Get)]));
        Assert.Equal(Shape(Parse(HtmlReport.Render("", [run]))), Shape(page));
    }

    [Property(MaxTest = 500)]
    public void Escaped_text_reads_back_as_itself(string? text)
    {
        var element = XElement.Parse($"<p title=\"{Escaping.Escape(text)}\">{Escaping.Escape(text)}</p>", LoadOptions.PreserveWhitespace);
        Assert.Equal(Printable(text ?? ""), element.Value);
    }

    [Fact]
    public void Method_and_projector_are_text_too()
    {
        var page = HtmlReport.Render("t", [Demo[0] with { Method = "<i>m</i>", Projector = "<i>p</i>", Outcome = "<i>o</i>", RunId = "<i>r</i>" }]);
        Parse(page);
        Assert.DoesNotContain("<i>m", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<i>p", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<i>o", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<i>r", page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_needs_nothing_but_itself()
    {
        var text = HtmlReport.Render("report", Demo);
        var page = Parse(text);
        Assert.DoesNotContain(page.Descendants(), e => e.Name.LocalName is "script" or "link" or "img" or "iframe" or "object" or "embed" or "base" or "use" or "foreignObject");
        Assert.All(page.Descendants().Attributes("href"), a => Assert.StartsWith("#", a.Value, StringComparison.Ordinal));
        Assert.DoesNotContain(page.Descendants().Attributes(), a => a.Name.LocalName is "src" or "srcset" || a.Name.LocalName.StartsWith("on", StringComparison.Ordinal));
        Assert.DoesNotMatch(new Regex(@"https?:|url\(|@import|//[a-z]", RegexOptions.IgnoreCase), text);
        Assert.Contains("default-src 'none'", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Links_of_the_page_lead_to_its_sections()
    {
        var page = Parse(HtmlReport.Render("report", Demo));
        var ids = page.Descendants("section").Attributes("id").Select(a => a.Value).ToList();
        Assert.Equal(12, ids.Count);
        Assert.Equal(ids.Select(i => "#" + i), page.Descendants("a").Attributes("href").Select(a => a.Value));
    }

    [Fact]
    public void Every_sentence_of_the_gate_and_every_warning_is_there()
    {
        var page = Parse(HtmlReport.Render("report", Demo)).Root!.Value;
        Assert.All(Demo.SelectMany(r => r.Gate!.Checks), c => Assert.Contains(c.Sentence, page, StringComparison.Ordinal));
        Assert.All(Demo.SelectMany(r => r.Warnings), w => Assert.Contains(w, page, StringComparison.Ordinal));
        Assert.All(Demo.SelectMany(r => r.Software.Keys), name => Assert.Contains(name, page, StringComparison.Ordinal));
        Assert.All(Demo, r => Assert.Contains(r.Hashes.Model, page, StringComparison.Ordinal));
    }

    [Fact]
    public void The_card_of_an_accepted_run_says_accepted_and_of_a_rejected_one_rejected()
    {
        var badges = Parse(HtmlReport.Render("report", Demo)).Descendants("p").Where(p => p.Attribute("class")?.Value.StartsWith("badge", StringComparison.Ordinal) == true);
        Assert.Equal(["✗ rejected", "✓ accepted", "✗ rejected", "✗ rejected"], badges.Select(b => b.Value));
    }

    [Fact]
    public void The_page_begins_with_the_verdict_and_its_reason()
    {
        var lines = Parse(HtmlReport.Render("report", Demo)).Descendants("ul").Single(u => u.Attribute("class")?.Value == "lines").Elements("li").Select(l => l.Value.Trim()).ToList();
        Assert.Equal("plain LoRA Rejected: refusals fell by 96.8 points (at most 2.0 allowed; 95 % bound 97.2).", lines[0]);
        Assert.StartsWith("AlignGuard two-sided Accepted: refusals -0.5 points (bound 0.9 of 2.0); over-refusal +0.1 points", lines[1], StringComparison.Ordinal);
        var one = Parse(HtmlReport.Render("report", [Demo[1]])).Descendants("p").Single(p => p.Attribute("class")?.Value.StartsWith("line ", StringComparison.Ordinal) == true);
        Assert.Equal(("line accepted", RunVerdict.Line(Demo[1])), (one.Attribute("class")!.Value, one.Value));
    }

    [Fact]
    public void A_run_that_measured_nothing_still_has_a_page()
    {
        var empty = Demo[1] with { Outcome = "failed", Drift = [], Steps = [], Spectra = [], Cosines = [], Samples = [], Comparison = null, Gate = null, Warnings = [], Software = new Dictionary<string, string>(), Job = "" };
        var page = Parse(HtmlReport.Render("report", [empty]));
        Assert.Contains("The gate was not reached.", page.Root!.Value, StringComparison.Ordinal);
        Assert.DoesNotContain(page.Descendants("section"), s => s.Attribute("id")!.Value is "drift" or "training" or "spectrum" or "cosines" or "samples");
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    [InlineData(double.MaxValue)]
    [InlineData(double.Epsilon)]
    public void Numbers_that_are_none_are_never_printed(double value)
    {
        var page = HtmlReport.Render("report", [.. Demo.Select(r => Numerals.All(r, value)), Demo[1]]);
        Parse(page);
        Assert.DoesNotContain("NaN", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Infinity", page, StringComparison.Ordinal);
        Assert.DoesNotContain("∞", page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_reports_give_the_same_bytes_in_any_culture()
    {
        var culture = CultureInfo.CurrentCulture;
        var page = HtmlReport.Render("report", Demo);
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("de-DE");
            Assert.Equal(page, HtmlReport.Render("report", Demo));
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }

    [Fact]
    public void No_run_is_an_error() => Assert.Throws<ArgumentException>(() => HtmlReport.Render("report", []));

    private static XDocument Parse(string page)
    {
        using var reader = XmlReader.Create(new StringReader(page), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        return XDocument.Load(reader, LoadOptions.PreserveWhitespace);
    }

    private static IEnumerable<string> Shape(XDocument page) =>
        page.Descendants().Select(e => $"{e.Ancestors().Count()} {e.Name} {string.Join(' ', e.Attributes().Select(a => a.Name))}");

    /// <summary>What cannot stand in a page is replaced, nothing else.</summary>
    private static string Printable(string text) => string.Concat(text.EnumerateRunes().Select(r =>
        (r.Value < 32 && r.Value is not (9 or 10 or 13)) || r.Value is >= 127 and < 160 || (r.Value & 0xFFFE) == 0xFFFE || r.Value is >= 0xFDD0 and <= 0xFDEF ? "\uFFFD" : r.ToString()));
}
