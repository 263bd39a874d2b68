namespace AlignGuard.Pipeline.Reports.Charts;

/// <summary>Long series as means over runs of consecutive points, with least and greatest as the band: a peak is never lost.</summary>
internal static class Thinning
{
    /// <summary>Points that become one; 1 = none do.</summary>
    public static int Bucket(int count, int atMost) => Math.Max(1, (count + atMost - 1) / atMost);

    public static IReadOnlyList<ChartPoint> Thin(IReadOnlyList<ChartPoint> points, int atMost)
    {
        var bucket = Bucket(points.Count, atMost);
        return bucket == 1 ? points : [.. points.Chunk(bucket).Select(Mean)];
    }

    private static ChartPoint Mean(ChartPoint[] points)
    {
        var finite = points.Where(p => double.IsFinite(p.Y)).ToList();
        // The last x, so that the line ends where the run ended.
        return finite.Count == 0
            ? new(points[^1].X, double.NaN)
            : new(points[^1].X, finite.Sum(p => p.Y / finite.Count), finite.Min(p => p.Y), finite.Max(p => p.Y));
    }
}
