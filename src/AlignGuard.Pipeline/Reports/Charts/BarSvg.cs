using AlignGuard.Pipeline.Reports.Markup;

namespace AlignGuard.Pipeline.Reports.Charts;

/// <summary>A bar chart as a figure: caption and SVG. Every bar has its interval as a whisker and its figures as a title; colour is never all that tells bars apart.</summary>
internal static class BarSvg
{
    private const double Width = 480, Right = 428, Top = 4, BarHeight = 10, BarGap = 2, RowGap = 10, AxisHeight = 22, CharacterWidth = 6.9;
    private const int LongestLabel = 18;

    /// <summary>The word beside a bar that went the wrong way beyond chance.</summary>
    public const string Mark = "drift";

    public static Html Render(BarChart chart)
    {
        var axis = Axis.Covering(0, chart.Rows.SelectMany(r => r.Bars).SelectMany(b => new[] { b.Rate.Value, b.Rate.High }).Where(v => v is > 0 and <= 1).Append(chart.MustShow).Max());
        var left = 14 + CharacterWidth * Math.Clamp(chart.Rows.Max(r => Math.Min(r.Label.Length, LongestLabel)), 6, LongestLabel);
        var tops = Tops(chart.Rows);
        var bottom = tops[^1];
        return Html.Of($"""
            <figure class="chart bars"><figcaption><b>{chart.Title}</b><span>{chart.Quantity}</span></figcaption>
            <svg viewBox="0 0 {Width} {bottom + AxisHeight}" role="img" aria-label="{chart.Title} by category, {chart.Quantity}">
            {axis.Ticks.Select(t => Tick(t, axis, left, bottom))}
            {chart.Rows.Select((row, n) => Row(row, axis, left, tops[n], n == 0 && chart.Rows.Count > 1))}<path class="axis" d="M{left},{Top}V{bottom}"/>
            </svg></figure>

            """);
    }

    /// <summary>Where rows begin, and where the last ends.</summary>
    private static double[] Tops(IReadOnlyList<BarRow> rows)
    {
        var tops = new double[rows.Count + 1];
        tops[0] = Top;
        for (var n = 0; n < rows.Count; n++) tops[n + 1] = tops[n] + rows[n].Bars.Count * (BarHeight + BarGap) + RowGap;
        return tops;
    }

    private static double Place(double value, Axis axis, double left) => left + axis.Position(value) * (Right - left);

    private static Html Tick(double tick, Axis axis, double left, double bottom) => Html.Of(
        $"""<path class="grid" d="M{Place(tick, axis, left)},{Top}V{bottom}"/><text class="tx" x="{Place(tick, axis, left)}" y="{bottom + 16}">{axis.Label(tick, percent: true)}</text>""");

    private static Html Row(BarRow row, Axis axis, double left, double top, bool whole)
    {
        var height = row.Bars.Count * (BarHeight + BarGap) + RowGap;
        var rule = whole ? Html.Of($"""<path class="axis" d="M0,{top + height - 0.5}H{Right}"/>""") : Html.Empty;
        return Html.Of($"""
            <g><text class="ty{(whole ? " whole" : "")}" x="{left - 8}" y="{top + height / 2 + 4}"><title>{row.Label}</title>{Clip(row.Label)}</text>{row.Bars.Select((bar, n) => Draw(bar, axis, left, top + RowGap / 2 + n * (BarHeight + BarGap) + BarGap / 2))}{rule}</g>

            """);
    }

    private static string Clip(string label) => label.Length <= LongestLabel ? label : label[..(LongestLabel - 1)] + "…";

    private static Html Draw(Bar bar, Axis axis, double left, double top)
    {
        var rate = bar.Rate;
        if (!double.IsFinite(rate.Value)) return Html.Of($"""<text class="none" x="{left + 4}" y="{top + BarHeight - 1}">{Numbers.Missing}</text>""");
        var (end, middle) = (Place(rate.Value, axis, left), top + BarHeight / 2);
        var look = bar.Style is { } style ? $"s{style.Colour}" : "base";
        var whisker = double.IsFinite(rate.Low) && double.IsFinite(rate.High)
            ? Html.Of($"""<path class="whisker" d="M{Place(rate.Low, axis, left)},{middle}H{Place(rate.High, axis, left)}M{Place(rate.Low, axis, left)},{middle - 3}v6M{Place(rate.High, axis, left)},{middle - 3}v6"/>""")
            : Html.Empty;
        var marker = bar.Style is { } marked ? Markers.At(end, middle, marked) : Html.Empty;
        // The whole height of the bar answers to the pointer, whatever its length.
        return Html.Of($"""
            <g class="bar {look}"><title>{Tooltip(bar)}</title><rect class="pointed" x="{left}" y="{top}" width="{Width - left}" height="{BarHeight}"/><rect class="share" x="{left}" y="{top}" width="{Math.Max(0, end - left)}" height="{BarHeight}"/>{whisker}{marker}{(bar.Marked ? Html.Of($"""<text class="beyond" x="{Right + 10}" y="{top + BarHeight - 1}">{Mark}</text>""") : Html.Empty)}</g>
            """);
    }

    private static string Tooltip(Bar bar) =>
        $"{bar.Name}: {Numbers.Percent(bar.Rate.Value)} ({Numbers.Interval(bar.Rate.Low, bar.Rate.High)}) of {Numbers.Count(bar.Rate.Count)} prompts{(bar.Note.Length == 0 ? "" : "; " + bar.Note)}";
}
