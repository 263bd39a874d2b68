namespace AlignGuard.Pipeline.Data;

/// <summary>What a data file may take, so that a wrong file ends in a sentence and not in a full memory.</summary>
public sealed record RowLimits
{
    /// <summary>Bytes of one row, as JSON. Default: 1 MiB, some 250,000 tokens of English.</summary>
    public int RowBytes { get; init; } = 1 << 20;

    /// <summary>Bytes of the file, unpacked. Default: 1 GiB; at most 2 GiB − 1, since lines are counted in 32 bits.</summary>
    public int FileBytes { get; init; } = 1 << 30;

    /// <summary>Bytes of memory that a row group of a Parquet file may take, all its columns unpacked. Default: 1 GiB.</summary>
    public long RowGroupBytes { get; init; } = 1L << 30;
}
