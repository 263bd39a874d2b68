module AlignGuard.Domain.Tests.Statistics.PairedTests

open System
open FsCheck.Xunit
open Xunit
open AlignGuard.Domain.Statistics
open AlignGuard.Domain.Tests
open AlignGuard.Domain.Tests.Statistics.Tables

// Newcombe, Statistics in Medicine 17 (1998), 2635-2650: method 10 of its worked examples, as (e, f, g, h).
[<Theory>]
[<InlineData(36, 12, 2, 0, 0.0569, 0.3404)>]
[<InlineData(18, 12, 2, 18, 0.0562, 0.3290)>]
[<InlineData(53, 0, 0, 1, -0.0729, 0.0729)>]
[<InlineData(0, 30, 0, 0, 0.8395, 1.0)>]
let ``Newcombe's interval has its published values`` (a: int, b: int, c: int, d: int, lower: float, upper: float) =
    let e = Newcombe.Difference(table (a, b, c, d), 0.95)
    close 1e-4 lower e.Lower
    close 1e-4 upper e.Upper

// Fagerland, Lydersen, Laake, BMC Medical Research Methodology 13:91 (2013): airway hyper-responsiveness, complete response.
[<Theory>]
[<InlineData(1, 1, 7, 12, 0.0703, 0.0391)>]
[<InlineData(59, 6, 16, 80, 0.0525, 0.0347)>]
let ``McNemar's tests have their published values`` (a: int, b: int, c: int, d: int, exact: float, midP: float) =
    let counts = table (a, b, c, d)
    close 5e-5 exact (McNemar.ExactP counts)
    close 5e-5 midP (McNemar.MidP counts)

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``Newcombe's interval contains the estimate and lies in [-1, 1]`` (c: PairedCounts, Confidence confidence) =
    let e = Newcombe.Difference(c, confidence)
    -1.0 <= e.Lower && e.Lower <= e.Value && e.Value <= e.Upper && e.Upper <= 1.0

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``exchanging the models negates the difference`` (c: PairedCounts, Confidence confidence) =
    let e, swapped = Newcombe.Difference(c, confidence), Newcombe.Difference(c.Swapped, confidence)
    abs (e.Value + swapped.Value) < 1e-12 && abs (e.Lower + swapped.Upper) < 1e-12 && abs (e.Upper + swapped.Lower) < 1e-12

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``exchanging success and failure negates the difference`` (c: PairedCounts, Confidence confidence) =
    let mirrored = table (c.Neither, c.OnlyTuned, c.OnlyBaseline, c.Both)
    let e, m = Newcombe.Difference(c, confidence), Newcombe.Difference(mirrored, confidence)
    abs (e.Value + m.Value) < 1e-12 && abs (e.Lower + m.Upper) < 1e-9 && abs (e.Upper + m.Lower) < 1e-9

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``the paired interval shrinks with n`` (c: PairedCounts, Confidence confidence) =
    let width k =
        let e = Newcombe.Difference(table (k * c.Both, k * c.OnlyBaseline, k * c.OnlyTuned, k * c.Neither), confidence)
        e.Upper - e.Lower
    width 4 < width 1

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``p-values lie in the unit interval, do not know the order, and mid-p is the smaller`` (c: PairedCounts) =
    let exact, midP = McNemar.ExactP c, McNemar.MidP c
    0.0 <= midP && midP <= exact && exact <= 1.0 && McNemar.ExactP c.Swapped = exact && McNemar.MidP c.Swapped = midP

[<Fact>]
let ``p-values of many pairs do not underflow to nonsense`` () =
    // 2·P(X <= 4900), X ~ Bin(10000, 1/2): z = (4900.5 - 5000) / 50 = -1.99, two-sided 0.0466.
    close 2e-4 0.0466 (McNemar.ExactP(table (0, 4900, 5100, 0)))
    Assert.Equal(1.0, McNemar.ExactP(table (0, 5000, 5000, 0)))
    Assert.Equal(0.0, McNemar.ExactP(table (0, 0, 100_000, 0)))

[<Fact>]
let ``no discordant pair is no evidence`` () =
    Assert.Equal(1.0, McNemar.ExactP(table (10, 0, 0, 10)))
    Assert.Equal(1.0, McNemar.MidP(table (10, 0, 0, 10)))

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``a drop under the tuned model is a rise under the baseline`` (c: PairedCounts, Confidence confidence) =
    NonInferiority.Drop(c, 0.02, confidence) = NonInferiority.Rise(c.Swapped, 0.02, confidence)

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``a wider margin never turns a pass into a failure`` (c: PairedCounts, Confidence confidence) =
    let passes margin = NonInferiority.Drop(c, margin, confidence).Passed
    not (passes 0.02) || passes 0.05

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``one more item lost never turns a failure into a pass`` (c: PairedCounts, Confidence confidence) =
    let upper counts = NonInferiority.Drop(counts, 0.02, confidence).Change.Upper
    let now = upper c
    let worse =
        [ if c.Both > 0 then table (c.Both - 1, c.OnlyBaseline + 1, c.OnlyTuned, c.Neither)
          if c.OnlyTuned > 0 then table (c.Both, c.OnlyBaseline, c.OnlyTuned - 1, c.Neither + 1) ]
    worse |> List.forall (fun w -> upper w >= now - 1e-12)

[<Fact>]
let ``the pairs required are exactly enough`` () =
    for margin, confidence in [ 0.02, 0.95; 0.05, 0.9; 0.01, 0.99 ] do
        let needed = int (NonInferiority.RequiredPairs(margin, confidence, 1.0)).Value
        let unchanged n = NonInferiority.Drop(table (n, 0, 0, 0), margin, confidence).Passed
        Assert.True(unchanged needed)
        Assert.False(unchanged (needed - 1))
    // z²(1/margin − 1) with z = 1.6449: 132.57
    Assert.Equal(133L, (NonInferiority.RequiredPairs(0.02, 0.95, 1.0)).Value)

[<Fact>]
let ``no number of pairs shows that nothing was lost`` () =
    Assert.False((NonInferiority.RequiredPairs(0.0, 0.95, 1.0)).HasValue)

[<Fact>]
let ``paired counts are counted item by item`` () =
    let counts = PairedCounts.Of([| true; true; false; false; true |], [| true; false; true; false; true |])
    Assert.Equal(table (2, 1, 1, 1), counts)
    Assert.Equal(0.6, counts.BaselineRate)
    Assert.Throws<ArgumentException>(fun () -> PairedCounts.Of([| true |], [||]) |> ignore)

[<Fact>]
let ``inconsistent tables are refused`` () =
    for bad in [ table (0, 0, 0, 0); table (-1, 2, 0, 0) ] do
        Assert.Throws<ArgumentException>(fun () -> Newcombe.Difference(bad, 0.95) |> ignore) |> ignore
        Assert.Throws<ArgumentException>(fun () -> McNemar.ExactP bad |> ignore) |> ignore
