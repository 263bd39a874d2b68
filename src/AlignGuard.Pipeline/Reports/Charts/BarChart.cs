namespace AlignGuard.Pipeline.Reports.Charts;

/// <summary>Rates as horizontal bars from 0, a few side by side in every row.</summary>
internal sealed record BarChart
{
    public required string Title { get; init; }
    /// <summary>What the bars show.</summary>
    public required string Quantity { get; init; }
    /// <summary>The first is set apart from the others: it is the whole.</summary>
    public required IReadOnlyList<BarRow> Rows { get; init; }
    /// <summary>The horizontal axis reaches this far at least.</summary>
    public double MustShow { get; init; }
}

/// <summary>Bars of one category.</summary>
internal sealed record BarRow(string Label, IReadOnlyList<Bar> Bars);

/// <summary>One rate.</summary>
/// <param name="Name">Whose it is.</param>
/// <param name="Style">Null = the base model's look.</param>
/// <param name="Rate">What is not finite has no bar.</param>
/// <param name="Note">More figures, in the tooltip.</param>
/// <param name="Marked">It went the wrong way beyond chance.</param>
internal sealed record Bar(string Name, SeriesStyle? Style, Rate Rate, string Note = "", bool Marked = false);
