namespace AlignGuard.Pipeline.Reports.Charts;

/// <summary>Where everything in a chart lies, in the units of its view box.</summary>
internal sealed record ChartLayout(Axis X, Axis Y, double Left)
{
    public const double Width = 560, Height = 270, Top = 12, Bottom = 232, Right = 544;
    private const double WideRatio = 100, CharacterWidth = 6.6;

    public double PlaceX(double x) => Left + X.Position(x) * (Right - Left);
    public double PlaceY(double y) => Bottom - Y.Position(y) * (Bottom - Top);

    /// <summary>True when the point is drawn: finite and, on a logarithmic axis, above 0.</summary>
    public bool Shows(ChartPoint point) => double.IsFinite(point.X) && Shows(point.Y);

    public bool Shows(double y) => double.IsFinite(y) && (!Y.Logarithmic || y > 0);

    public static ChartLayout Of(Chart chart)
    {
        var points = chart.Series.SelectMany(s => s.Points).Where(p => double.IsFinite(p.X) && double.IsFinite(p.Y)).ToList();
        var values = points.SelectMany(p => new[] { p.Y, p.Low, p.High }).Concat(chart.References.Select(r => r.Y)).Concat(chart.MustShow)
            .Where(double.IsFinite).ToList();
        var y = Vertical(chart, points, values);
        var x = points.Count == 0 ? Axis.Tight(0, 1) : Axis.Tight(points.Min(p => p.X), points.Max(p => p.X));
        var longest = y.Ticks.Max(t => y.Label(t, chart.Percent).Length);
        return new(x, y, Math.Clamp(14 + CharacterWidth * longest, 34, 140));
    }

    private static Axis Vertical(Chart chart, List<ChartPoint> points, List<double> values)
    {
        var above = points.Select(p => p.Y).Where(v => v > 0).ToList();
        if (chart.LogarithmicIfWide && above.Count > 1 && above.Max() / above.Min() >= WideRatio && points.All(p => p.Y >= 0))
        {
            var all = values.Where(v => v > 0).ToList();
            return Axis.Decades(all.Min(), all.Max());
        }
        return values.Count == 0 ? Axis.Covering(0, 1) : Axis.Covering(values.Min(), values.Max());
    }
}
