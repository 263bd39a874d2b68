using System.Globalization;
using System.Xml.Linq;
using AlignGuard.Pipeline.Reports.Charts;
using AlignGuard.Pipeline.Reports.Markup;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Reports;

/// <summary>Any numbers at all: not finite, huge, tiny, equal; empty and one-point series.</summary>
public static class ChartGenerators
{
    private static readonly Gen<double> Number = Gen.OneOf(
        Gen.Elements(0, -0.0, 1, -1, 0.5, 1e-300, 5e-324, 1e308, -1e308, double.MaxValue, double.NaN, double.PositiveInfinity, double.NegativeInfinity),
        Gen.Choose(-1000, 1000).Select(n => n / 10.0),
        from mantissa in Gen.Choose(-999, 999) from exponent in Gen.Choose(-300, 300) select mantissa * Math.Pow(10, exponent));

    private static readonly Gen<ChartPoint> Point =
        from x in Gen.Frequency((9, Gen.Choose(0, 400).Select(n => (double)n)), (1, Number))
        from y in Number
        from low in Number
        from high in Number
        select new ChartPoint(x, y, low, high);

    private static Gen<Series> Line(int n) =>
        from count in Gen.Frequency((1, Gen.Constant(0)), (1, Gen.Constant(1)), (4, Gen.Choose(2, 60)))
        from points in Point.ArrayOf(count)
        select new Series($"run {n}", new SeriesStyle(n % SeriesStyle.Colours, n % SeriesStyle.Dashes), n % 2 == 0 ? $"method {n}" : null, points);

    internal static Gen<Chart> Charts() =>
        from count in Gen.Choose(0, 8)
        from lines in Enumerable.Range(0, count).Select(Line).Aggregate(Gen.Constant(Array.Empty<Series>()), (all, next) => from a in all from n in next select (Series[])[.. a, n])
        from reference in Number
        from must in Number
        from percent in Gen.Elements(true, false)
        from wide in Gen.Elements(true, false)
        select new Chart
        {
            Title = "title", Quantity = "quantity", Series = lines, References = [new("base", reference)], MustShow = [must], Percent = percent, LogarithmicIfWide = wide,
        };
}

public class ChartLaws
{
    [Property(MaxTest = 300)]
    public Property Whatever_the_numbers_the_figure_is_well_formed_and_says_nothing_of_NaN_or_Infinity() => Prop.ForAll(ChartGenerators.Charts().ToArbitrary(), chart =>
    {
        var figure = ChartSvg.Render(chart).ToString();
        XElement.Parse(figure);
        Assert.DoesNotContain("NaN", figure, StringComparison.Ordinal);
        Assert.DoesNotContain("Infinity", figure, StringComparison.Ordinal);
        Assert.DoesNotContain("∞", figure, StringComparison.Ordinal);
    });

    [Property(MaxTest = 300)]
    public Property Every_finite_point_lies_inside_the_plot() => Prop.ForAll(ChartGenerators.Charts().ToArbitrary(), chart =>
    {
        var layout = ChartLayout.Of(chart);
        foreach (var point in chart.Series.SelectMany(s => s.Points).Where(layout.Shows))
        {
            Assert.InRange(layout.PlaceX(point.X), layout.Left, ChartLayout.Right);
            Assert.InRange(layout.PlaceY(point.Y), ChartLayout.Top, ChartLayout.Bottom);
        }
    });

    [Property(MaxTest = 200)]
    public Property Every_point_that_is_shown_is_in_a_line() => Prop.ForAll(ChartGenerators.Charts().ToArbitrary(), chart =>
    {
        var layout = ChartLayout.Of(chart);
        var lines = XElement.Parse(ChartSvg.Render(chart).ToString()).Descendants("g").Where(g => g.Attribute("class")!.Value.StartsWith("series", StringComparison.Ordinal));
        var corners = lines.Sum(g => g.Elements("path").Single(p => p.Attribute("class")!.Value.StartsWith("l ", StringComparison.Ordinal)).Attribute("d")!.Value.Count(c => c is 'M' or 'L'));
        Assert.Equal(chart.Series.Sum(s => s.Points.Count(layout.Shows)), corners);
    });

    [Property]
    public Property The_culture_changes_nothing() => Prop.ForAll(ChartGenerators.Charts().ToArbitrary(), chart =>
    {
        var culture = CultureInfo.CurrentCulture;
        var before = ChartSvg.Render(chart);
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("de-DE");
            Assert.Equal(before, ChartSvg.Render(chart));
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    });

    [Property]
    public void Thinning_keeps_every_peak_and_the_end(PositiveInt count, PositiveInt atMost)
    {
        var points = Enumerable.Range(0, count.Get * 7).Select(n => new ChartPoint(n, n * 7919 % 101)).ToList();
        var thin = Thinning.Thin(points, atMost.Get);
        Assert.InRange(thin.Count, 1, atMost.Get);
        Assert.Equal(points[^1].X, thin[^1].X);
        Assert.Equal(points.Max(p => p.Y), thin.Max(p => double.IsNaN(p.High) ? p.Y : p.High));
        Assert.Equal(points.Min(p => p.Y), thin.Min(p => double.IsNaN(p.Low) ? p.Y : p.Low));
    }

    [Fact]
    public void A_wide_positive_quantity_gets_a_logarithmic_axis_and_zeros_are_admitted()
    {
        var chart = new Chart
        {
            Title = "KL", Quantity = "nats", LogarithmicIfWide = true,
            Series = [new("run", new(0), null, [new(0, 0), new(1, 1e-4), new(2, 2)])],
        };
        var layout = ChartLayout.Of(chart);
        Assert.Equal([1e-4, 1e-3, 1e-2, 0.1, 1, 10], layout.Y.Ticks.Select(t => Math.Round(t, 6)));
        Assert.False(layout.Shows(new ChartPoint(0, 0)));
        Assert.Contains("log scale, zeros not shown", ChartSvg.Render(chart).ToString(), StringComparison.Ordinal);
        Assert.False(ChartLayout.Of(chart with { Series = [new("run", new(0), null, [new(0, 1), new(1, 3)])] }).Y.Logarithmic);
    }

    [Fact]
    public void A_gap_splits_the_line()
    {
        var chart = new Chart { Title = "t", Quantity = "q", Series = [new("run", new(1), null, [new(0, 1), new(1, 2), new(2, double.NaN), new(3, 4), new(4, 5)])] };
        var path = XElement.Parse(ChartSvg.Render(chart).ToString()).Descendants("path").Single(p => p.Attribute("class")!.Value.StartsWith("l ", StringComparison.Ordinal));
        Assert.Equal(2, path.Attribute("d")!.Value.Count(c => c == 'M'));
    }

    [Fact]
    public void A_chart_of_nothing_says_so() =>
        Assert.Contains("no values", ChartSvg.Render(new Chart { Title = "t", Quantity = "q", Series = [new("run", new(1), null, [])] }).ToString(), StringComparison.Ordinal);
}
