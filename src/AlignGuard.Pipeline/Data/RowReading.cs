namespace AlignGuard.Pipeline.Data;

/// <summary>How a data file is read.</summary>
public sealed record RowReading
{
    /// <summary>Default: found out from the first row that has a known layout; all rows must have the same.</summary>
    public RowFormat Format { get; init; } = RowFormat.Auto;

    /// <summary>Words for the labels 0, 1, ... of classification rows; empty = labels as they are.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Largest share of rows, 0 to 1, that may be left out because they cannot be used; null = none is left out, they are refused.</summary>
    public double? MostSkipped { get; init; }

    /// <summary>Default: 1 MiB a row, 1 GiB a file.</summary>
    public RowLimits Limits { get; init; } = new();
}
