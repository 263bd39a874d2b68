using AlignGuard.Pipeline.Reports.Markup;

namespace AlignGuard.Pipeline.Reports.Charts;

/// <summary>A shape per colour, so that lines stay apart without it.</summary>
internal static class Markers
{
    private const double Radius = 3.6;

    /// <param name="tooltip">Null = none.</param>
    /// <param name="size">1 = the usual one.</param>
    public static Html At(double x, double y, SeriesStyle style, string? tooltip = null, double size = 1)
    {
        var title = tooltip is null ? Html.Empty : Html.Of($"<title>{tooltip}</title>");
        var shape = style.Colour % SeriesStyle.Colours;
        return shape is 0
            ? Html.Of($"""<circle class="m" cx="{x}" cy="{y}" r="{Radius * size}">{title}</circle>""")
            : Html.Of($"""<path class="m" d="{Outline(x, y, Radius * size, shape)}">{title}</path>""");
    }

    private static Html Outline(double x, double y, double radius, int shape) => Html.Trusted("M" + string.Join('L', Corners(shape)
        .Select(c => $"{Numbers.Coordinate(x + radius * c.X)},{Numbers.Coordinate(y + radius * c.Y)}")) + "Z");

    private static (double X, double Y)[] Corners(int shape) => shape switch
    {
        1 => [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
        2 => [(0, -1.2), (1.15, 0.85), (-1.15, 0.85)],
        3 => [(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)],
        4 => [(0, 1.2), (1.15, -0.85), (-1.15, -0.85)],
        5 => [(-0.4, -1.2), (0.4, -1.2), (0.4, -0.4), (1.2, -0.4), (1.2, 0.4), (0.4, 0.4), (0.4, 1.2), (-0.4, 1.2), (-0.4, 0.4), (-1.2, 0.4), (-1.2, -0.4), (-0.4, -0.4)],
        6 => [(0, -1.25), (1.2, -0.4), (0.75, 1), (-0.75, 1), (-1.2, -0.4)],
        _ => [(-1.3, -0.6), (1.3, -0.6), (1.3, 0.6), (-1.3, 0.6)],
    };
}
