using AlignGuard.Pipeline.Reports.Markup;

namespace AlignGuard.Pipeline.Reports.Charts;

/// <summary>A chart as a figure: caption, legend and SVG. Colours and fonts come from the page's style sheet.</summary>
internal static class ChartSvg
{
    // More than these would melt into a thick line.
    private const int MostMarkers = 40;

    /// <summary>With more lines than this bands would cover each other; intervals are then in the tooltips only.</summary>
    private const int MostBands = 5;

    public static Html Render(Chart chart)
    {
        var layout = ChartLayout.Of(chart);
        var drawn = chart.Series.Any(s => s.Points.Any(layout.Shows));
        return Html.Of($"""
            <figure class="chart"><figcaption><b>{chart.Title}</b><span>{chart.Quantity}{Remark(chart, layout)}</span></figcaption>
            {Legend(chart)}<svg viewBox="0 0 {ChartLayout.Width} {ChartLayout.Height}" role="img" aria-label="{chart.Title}, {chart.Quantity}">
            {Grid(chart, layout)}{chart.References.Where(r => layout.Shows(r.Y)).Select(r => Reference(r, layout, chart.Percent))}
            {chart.Series.Select((s, n) => Line(s, chart, layout, Width(n, chart.Series.Count), Banded(chart)))}
            {(drawn ? Html.Empty : Html.Of($"""<text class="empty" x="{(layout.Left + ChartLayout.Right) / 2}" y="125">no values</text>"""))}
            </svg></figure>

            """);
    }

    private static bool Banded(Chart chart) => chart.Series.Count <= MostBands;

    private static string Remark(Chart chart, ChartLayout layout)
    {
        var intervals = chart.Series.Any(s => s.Points.Any(p => double.IsFinite(p.Low) && double.IsFinite(p.High)));
        var band = intervals && Banded(chart) ? $" · band: {chart.Band}" : "";
        return band + (!layout.Y.Logarithmic ? ""
            : chart.Series.Any(s => s.Points.Any(p => double.IsFinite(p.Y) && p.Y <= 0)) ? " · log scale, zeros not shown"
            : " · log scale");
    }

    private static Html Legend(Chart chart)
    {
        var entries = chart.Series.Where(s => s.Legend is not null)
            .Select(s => Html.Of($"""<li class="s{s.Style.Colour}"><svg viewBox="0 0 26 12" width="26" height="12"><path class="l d{s.Style.Dash}" d="M1,6H25"/>{Markers.At(13, 6, s.Style)}</svg>{s.Legend}</li>"""))
            .Concat(chart.References.Select(r => Html.Of($"""<li class="ref"><svg viewBox="0 0 26 12" width="26" height="12"><path class="refline" d="M1,6H25"/></svg>{r.Name}</li>""")))
            .ToList();
        return Html.Of($"""<ul class="legend">{entries}</ul>""");
    }

    private static Html Grid(Chart chart, ChartLayout at)
    {
        var rows = at.Y.Ticks.Select(t => Html.Of($"""<path class="grid" d="M{at.Left},{at.PlaceY(t)}H{ChartLayout.Right}"/><text class="ty" x="{at.Left - 7}" y="{at.PlaceY(t) + 4}">{at.Y.Label(t, chart.Percent)}</text>"""));
        var columns = at.X.Ticks.Select(t => Html.Of($"""<path class="tick" d="M{at.PlaceX(t)},{ChartLayout.Bottom}v5"/><text class="tx" x="{at.PlaceX(t)}" y="{ChartLayout.Bottom + 18}">{at.X.Label(t, false)}</text>"""));
        return Html.Of($"""{rows}<path class="axis" d="M{at.Left},{ChartLayout.Bottom}H{ChartLayout.Right}"/>{columns}<text class="tx" x="{(at.Left + ChartLayout.Right) / 2}" y="{ChartLayout.Height - 4}">{chart.XLabel}</text>""");
    }

    private static Html Reference(ReferenceLine line, ChartLayout at, bool percent) => Html.Of(
        $"""<path class="refline" d="M{at.Left},{at.PlaceY(line.Y)}H{ChartLayout.Right}"><title>{line.Name}: {Text(line.Y, percent)}</title></path>""");

    // The first lines are the widest: where lines coincide, those below still show at the edges.
    private static double Width(int place, int count) => count > MostBands ? 1.8 : 1.8 + 0.8 * Math.Min(count - 1 - place, 3);

    private static Html Line(Series series, Chart chart, ChartLayout at, double width, bool banded)
    {
        var stretches = Stretches(series.Points, at);
        var shown = stretches.Sum(s => s.Count);
        if (shown == 0) return Html.Empty;
        var bands = banded ? Html.Join(stretches.Select(s => Band(s, at))) : Html.Empty;
        var path = string.Concat(stretches.Select(s => "M" + string.Join('L', s.Select(p => Place(p.X, p.Y, at)))));
        // A lone point has no line: its marker is all there is of it.
        var dense = shown > MostMarkers;
        var marked = !dense ? stretches.SelectMany(s => s) : stretches.Where(s => s.Count == 1).Select(s => s[0]);
        return Html.Of($"""
            <g class="series s{series.Style.Colour}">{bands}<path class="l d{series.Style.Dash}" style="stroke-width:{(dense ? 1.5 : width)}" d="{path}"><title>{series.Name}</title></path>{marked.Select(p => Markers.At(at.PlaceX(p.X), at.PlaceY(p.Y), series.Style, Tooltip(series, p, chart, at), 0.5 + width / 4))}</g>

            """);
    }

    private static Html Band(List<ChartPoint> points, ChartLayout at)
    {
        var wide = points.Where(p => double.IsFinite(p.Low) && double.IsFinite(p.High)).ToList();
        if (wide.Count < 2) return Html.Empty;
        var around = wide.Select(p => Place(p.X, p.High, at)).Concat(Enumerable.Reverse(wide).Select(p => Place(p.X, p.Low, at)));
        return Html.Of($"""<path class="band" d="M{string.Join('L', around)}Z"/>""");
    }

    private static string Place(double x, double y, ChartLayout at) => $"{Numbers.Coordinate(at.PlaceX(x))},{Numbers.Coordinate(at.PlaceY(y))}";

    private static string Tooltip(Series series, ChartPoint p, Chart chart, ChartLayout at)
    {
        var interval = double.IsFinite(p.Low) && double.IsFinite(p.High)
            ? chart.Percent ? $" ({Numbers.Interval(p.Low, p.High)})" : $" ({Numbers.Short(p.Low)}{Numbers.Missing}{Numbers.Short(p.High)})"
            : "";
        return $"{series.Name} · {chart.XLabel} {at.X.Label(p.X, false)}: {Text(p.Y, chart.Percent)}{interval}";
    }

    private static string Text(double y, bool percent) => percent ? Numbers.Percent(y) : Numbers.Short(y);

    private static List<List<ChartPoint>> Stretches(IReadOnlyList<ChartPoint> points, ChartLayout at)
    {
        var stretches = new List<List<ChartPoint>>();
        var open = false;
        foreach (var point in points)
        {
            var shows = at.Shows(point);
            if (shows && !open) stretches.Add([]);
            if (shows) stretches[^1].Add(point);
            open = shows;
        }
        return stretches;
    }
}
