using AlignGuard.Pipeline.Reports.Charts;

namespace AlignGuard.Pipeline.Reports.Sections;

/// <summary>Many layers as one point: their mean, with least and greatest as its band.</summary>
internal static class LayerSummary
{
    public static ChartPoint Of(long step, IEnumerable<double> layers)
    {
        var finite = layers.Where(double.IsFinite).ToList();
        return finite.Count == 0 ? new(step, double.NaN) : new(step, finite.Average(), finite.Min(), finite.Max());
    }
}
