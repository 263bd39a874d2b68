namespace AlignGuard.Pipeline.Reports.Charts;

/// <summary>A point of a line; its interval, if any, is drawn as a band.</summary>
internal readonly record struct ChartPoint(double X, double Y, double Low = double.NaN, double High = double.NaN);

/// <summary>A line. Points in the order of x; those that are not finite leave a gap.</summary>
/// <param name="Name">In tooltips.</param>
/// <param name="Style">How it looks.</param>
/// <param name="Legend">In the legend; null = not there.</param>
internal sealed record Series(string Name, SeriesStyle Style, string? Legend, IReadOnlyList<ChartPoint> Points);

/// <summary>Colour and shape tell groups apart, and each alone suffices; the dash tells runs of a group apart.</summary>
/// <param name="Colour">0..7, an index of the style sheet's palette.</param>
/// <param name="Dash">0..3.</param>
internal readonly record struct SeriesStyle(int Colour, int Dash = 0)
{
    public const int Colours = 8, Dashes = 4;
}

/// <summary>A level to compare with.</summary>
internal sealed record ReferenceLine(string Name, double Y);

/// <summary>Lines over a common horizontal axis.</summary>
internal sealed record Chart
{
    public required string Title { get; init; }
    /// <summary>What the vertical axis shows, with its unit.</summary>
    public required string Quantity { get; init; }
    /// <summary>What the points' intervals are, e.g. "interval".</summary>
    public string Band { get; init; } = "interval";
    public string XLabel { get; init; } = "step";
    public required IReadOnlyList<Series> Series { get; init; }
    public IReadOnlyList<ReferenceLine> References { get; init; } = [];
    /// <summary>Values are fractions, shown as percent.</summary>
    public bool Percent { get; init; }
    /// <summary>Values that the vertical axis must show whatever the data.</summary>
    public IReadOnlyList<double> MustShow { get; init; } = [];
    /// <summary>Take a logarithmic axis where the values spread over two decades or more. Zeros cannot be shown then, and the chart says so.</summary>
    public bool LogarithmicIfWide { get; init; }
}
