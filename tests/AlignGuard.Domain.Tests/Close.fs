namespace AlignGuard.Domain.Tests

open Xunit

[<AutoOpen>]
module Close =

    /// FsCheck generates null among the strings.
    let orEmpty (text: string | null) =
        match text with
        | null -> ""
        | text -> text

    /// Equal up to an absolute tolerance.
    let close (tolerance: float) (expected: float) (actual: float) =
        Assert.True(abs (expected - actual) <= tolerance, $"expected %.10g{expected} within {tolerance}, got %.10g{actual}")
