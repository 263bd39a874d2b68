module AlignGuard.Domain.Tests.Statistics.ProportionTests

open System
open FsCheck.Xunit
open Xunit
open AlignGuard.Domain.Statistics
open AlignGuard.Domain.Tests
open AlignGuard.Domain.Tests.Statistics.Tables

// Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), table I, method 3.
[<Theory>]
[<InlineData(81, 263, 0.2553, 0.3662)>]
[<InlineData(15, 148, 0.0624, 0.1605)>]
[<InlineData(0, 20, 0.0, 0.1611)>]
[<InlineData(1, 29, 0.0061, 0.1718)>]
let ``Wilson's interval has its published values`` (successes: int, n: int, lower: float, upper: float) =
    let e = Wilson.Interval(successes, n, 0.95)
    close 5e-5 lower e.Lower
    close 5e-5 upper e.Upper

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``Wilson's interval contains the estimate and lies in the unit interval`` (c: PairedCounts, Confidence confidence) =
    let e = Wilson.Interval(int c.Baseline, int c.Total, confidence)
    0.0 <= e.Lower && e.Lower <= e.Value && e.Value <= e.Upper && e.Upper <= 1.0

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``Wilson's interval is mirrored when success and failure are exchanged`` (c: PairedCounts, Confidence confidence) =
    let n = int c.Total
    let e, m = Wilson.Interval(int c.Baseline, n, confidence), Wilson.Interval(n - int c.Baseline, n, confidence)
    abs (e.Lower - (1.0 - m.Upper)) < 1e-12 && abs (e.Upper - (1.0 - m.Lower)) < 1e-12

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``Wilson's interval shrinks with n`` (c: PairedCounts, Confidence confidence) =
    let width k =
        let e = Wilson.Interval(k * int c.Baseline, k * int c.Total, confidence)
        e.Upper - e.Lower
    width 2 < width 1

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``Wilson's interval widens with confidence`` (c: PairedCounts) =
    let at confidence = Wilson.Interval(int c.Baseline, int c.Total, confidence)
    let narrow, wide = at 0.8, at 0.95
    wide.Lower <= narrow.Lower && narrow.Upper <= wide.Upper

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``Wilson's interval rises with the successes`` (c: PairedCounts, Confidence confidence) =
    let n = int c.Total + 1
    let fewer, more = Wilson.Interval(int c.Baseline, n, confidence), Wilson.Interval(int c.Baseline + 1, n, confidence)
    fewer.Lower <= more.Lower && fewer.Upper <= more.Upper

[<Theory>]
[<InlineData(1, 0, 0.95)>]
[<InlineData(-1, 5, 0.95)>]
[<InlineData(6, 5, 0.95)>]
[<InlineData(1, 5, 1.0)>]
[<InlineData(1, 5, Double.NaN)>]
let ``impossible counts and confidences are refused`` (successes: int, n: int, confidence: float) =
    Assert.Throws<ArgumentOutOfRangeException>(fun () -> Wilson.Interval(successes, n, confidence) |> ignore)
