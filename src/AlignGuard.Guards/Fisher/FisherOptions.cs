namespace AlignGuard.Guards.Fisher;

/// <summary>How Fisher factors are held.</summary>
public enum FisherForm
{
    /// <summary>Dense where the layer's side is at most <see cref="FisherOptions.DenseUpTo"/>, sketched beyond.</summary>
    Auto,
    Dense,
    Sketch,
}

/// <summary>How Fisher factors are estimated.</summary>
public sealed record FisherOptions
{
    public FisherForm Form { get; init; } = FisherForm.Auto;

    /// <summary>Largest o or i whose o×o (i×i) factor <see cref="FisherForm.Auto"/> holds; a dense factor costs about as much again as the pass that feeds it.</summary>
    public int DenseUpTo { get; init; } = 512;

    /// <summary>Columns of the sketch's test matrix: the largest rank wanted plus an oversampling of about 8.</summary>
    public int SketchSize { get; init; } = 72;

    /// <summary>Seed of the test matrices: a sketch is reproducible.</summary>
    public long Seed { get; init; }
}
