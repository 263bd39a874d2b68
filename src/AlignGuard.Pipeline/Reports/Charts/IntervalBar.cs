using AlignGuard.Pipeline.Reports.Markup;

namespace AlignGuard.Pipeline.Reports.Charts;

/// <summary>A rate with its interval on a line from 0 to 1, in a table's cell.</summary>
internal static class IntervalBar
{
    private const double Width = 104, Margin = 4;

    /// <param name="before">A rate to compare with, drawn as an upright mark; null = none.</param>
    public static Html Render(Rate rate, Rate? before) => Html.Of($"""
        <svg class="interval" viewBox="0 0 {Width} 12" width="{Width}" height="12"><path class="track" d="M{Margin},6H{Width - Margin}"/>{(before is { } b && double.IsFinite(b.Value) ? Html.Of($"""<path class="was" d="M{Place(b.Value)},0V12"/>""") : Html.Empty)}<path class="l" d="M{Place(rate.Low)},6H{Place(rate.High)}"/><circle class="m" cx="{Place(rate.Value)}" cy="6" r="3.4"/></svg>
        """);

    private static double Place(double fraction) => Margin + (double.IsFinite(fraction) ? Math.Clamp(fraction, 0, 1) : 0) * (Width - 2 * Margin);
}
