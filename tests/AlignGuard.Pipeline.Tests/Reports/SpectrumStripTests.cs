using System.Xml.Linq;
using AlignGuard.Pipeline.Reports;
using AlignGuard.Pipeline.Reports.Charts;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Reports;

public class SpectrumStripTests
{
    private static LayerSpectrum Layer(string name, int rank, double[] outer, double[] inner, double trace = 1) => new(name, rank, 0.8, true, trace, outer, inner);

    private static XElement Render(params LayerSpectrum[] layers) => XElement.Parse(SpectrumStrip.Render(new FisherSpectrum(0, 0, layers)).ToString());

    private static IEnumerable<XElement> OfClass(XElement strip, string name) => strip.Descendants().Where(e => e.Attribute("class")?.Value == name);

    [Fact]
    public void The_rank_is_marked_on_both_sides_of_every_guarded_layer()
    {
        var strip = Render(Layer("0.q", 2, [0.6, 0.3, 0.1], [0.5, 0.5]), Layer("0.k", 1, [0.9, 0.1], [1]), Layer("0.v", 0, [], [], trace: 0));
        Assert.Equal(4, OfClass(strip, "rank").Count());
        Assert.Contains(strip.Descendants("text"), t => t.Value == "unguarded");
    }

    [Fact]
    public void A_one_sided_projector_has_one_panel()
    {
        var strip = Render(Layer("0.q", 2, [0.6, 0.3, 0.1], []));
        Assert.Single(OfClass(strip, "rank"));
        Assert.DoesNotContain(strip.Descendants("text"), t => t.Value.StartsWith("input side", StringComparison.Ordinal));
    }

    [Fact]
    public void A_row_is_as_wide_as_its_eigenvalues_above_the_last_shade()
    {
        double Shaded(params double[] shares) => Render(Layer("q", 1, shares, [])).Descendants("rect")
            .Where(r => r.Attribute("class")!.Value.StartsWith('h')).Sum(r => double.Parse(r.Attribute("width")!.Value, System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(Shaded(0.5, 0.4, 0.05, 0.04) / 2, Shaded(0.5, 0.4, 1e-5, 1e-6), 1.0);
    }

    [Fact]
    public void A_layer_below_its_target_is_marked()
    {
        var strip = Render(Layer("0.q", 2, [0.6, 0.3], [0.5, 0.5]) with { Reached = false });
        Assert.Single(OfClass(strip, "note warn"));
    }

    [Fact]
    public void A_deep_model_is_one_row_a_layer()
    {
        var run = FakeRuns.Run("alignguard", "two-sided", blocks: 30);
        var strip = XElement.Parse(SpectrumStrip.Render(run.Spectra[0]).ToString());
        Assert.Equal(210, strip.Descendants("g").Count());
        Assert.Equal(420, OfClass(strip, "rank").Count());
    }
}
