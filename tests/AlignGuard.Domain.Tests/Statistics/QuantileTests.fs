module AlignGuard.Domain.Tests.Statistics.QuantileTests

open System
open FsCheck.FSharp
open FsCheck.Xunit
open Xunit
open AlignGuard.Domain.Statistics
open AlignGuard.Domain.Tests
open AlignGuard.Domain.Tests.Statistics.Tables

// Published percentage points; the last two reach the algorithm's middle and tail branches.
[<Theory>]
[<InlineData(0.5, 0.0)>]
[<InlineData(0.75, 0.6744897501960817)>]
[<InlineData(0.95, 1.6448536269514722)>]
[<InlineData(0.975, 1.959963984540054)>]
[<InlineData(0.995, 2.5758293035489004)>]
[<InlineData(0.001, -3.090232306167813)>]
[<InlineData(1e-20, -9.262340089798408)>]
let ``the normal quantile has its published values`` (p: float, z: float) = close 1e-12 z (Normal.Quantile p)

/// P(Z <= z) by Simpson's rule, independent of the algorithm under test.
let private cumulative (z: float) =
    let n = 4000
    let h = z / float n
    let density x = exp (-x * x / 2.0) / sqrt (2.0 * Math.PI)
    let weight i = if i = 0 || i = n then 1.0 elif i % 2 = 1 then 4.0 else 2.0
    0.5 + h / 3.0 * Seq.sumBy (fun i -> weight i * density (float i * h)) (seq { 0..n })

[<Property(Arbitrary = [| typeof<Arbitraries> |], MaxTest = 50)>]
let ``the normal quantile inverts the distribution function`` (Probability p) =
    abs (cumulative (Normal.Quantile p) - p) < 1e-10

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``the normal quantile is odd around one half`` (Probability p) =
    abs (Normal.Quantile p + Normal.Quantile(1.0 - p)) < 1e-9

[<Theory>]
[<InlineData(0.0)>]
[<InlineData(1.0)>]
[<InlineData(-0.1)>]
[<InlineData(Double.NaN)>]
let ``a quantile of no probability is refused`` (p: float) =
    Assert.Throws<ArgumentOutOfRangeException>(fun () -> Normal.Quantile p |> ignore) |> ignore
    Assert.Throws<ArgumentOutOfRangeException>(fun () -> StudentT.Quantile(p, 3) |> ignore) |> ignore

// Tables of Student's t.
[<Theory>]
[<InlineData(0.975, 1, 12.706204736)>]
[<InlineData(0.975, 2, 4.302652730)>]
[<InlineData(0.975, 9, 2.262157163)>]
[<InlineData(0.975, 30, 2.042272456)>]
[<InlineData(0.95, 4, 2.131846786)>]
[<InlineData(0.995, 10, 3.169272667)>]
[<InlineData(0.025, 5, -2.570581836)>]
[<InlineData(0.75, 1, 1.0)>]
let ``the t quantile has its published values`` (p: float, degrees: int, t: float) = close 1e-8 t (StudentT.Quantile(p, degrees))

[<Property(Arbitrary = [| typeof<Arbitraries> |], MaxTest = 50)>]
let ``the t quantile of two degrees has its closed form`` (Probability p) =
    let expected = (2.0 * p - 1.0) / sqrt (2.0 * p * (1.0 - p))
    abs (StudentT.Quantile(p, 2) - expected) < 1e-9 * (1.0 + abs expected)

[<Fact>]
let ``the t quantile nears the normal one`` () = close 1e-5 (Normal.Quantile 0.975) (StudentT.Quantile(0.975, 1_000_000))

[<Fact>]
let ``the mean of three seeds has the interval of the textbook`` () =
    // mean 2, s = 1, t(0.975, 2) = 4.30265273
    let e = Sample.MeanInterval([| 1.0; 2.0; 3.0 |], 0.95)
    close 1e-12 2.0 e.Value
    close 1e-8 (2.0 - 4.302652730 / sqrt 3.0) e.Lower
    close 1e-8 (2.0 + 4.302652730 / sqrt 3.0) e.Upper

[<Fact>]
let ``a sample that says nothing is refused`` () =
    let refused f = Assert.ThrowsAny<ArgumentException>(fun () -> f () |> ignore) |> ignore
    refused (fun () -> (Sample.MeanInterval([| 1.0 |], 0.95)).Value)
    refused (fun () -> (Sample.MeanInterval([| 1.0; nan |], 0.95)).Value)
    refused (fun () -> Sample.Median [||])
    refused (fun () -> Sample.Quantile([| 1.0 |], 1.5))

let private samples = Gen.nonEmptyListOf (Gen.map (fun n -> float n / 16.0) (Gen.choose (-1000, 1000))) |> Gen.map Array.ofList |> Arb.fromGen

[<Fact>]
let ``type 7 quantiles have NumPy's values`` () =
    let x = [| 3.0; 1.0; 4.0; 1.0; 5.0 |]
    close 1e-12 3.0 (Sample.Median x)
    close 1e-12 1.0 (Sample.Quantile(x, 0.25))
    close 1e-12 4.6 (Sample.Quantile(x, 0.9))
    close 1e-12 2.5 (Sample.Median [| 1.0; 2.0; 3.0; 4.0 |])

[<Property>]
let ``a quantile lies in the sample's range and does not fall with p`` () =
    Prop.forAll samples (fun x ->
        let q = [ for p in 0.0 .. 0.1 .. 1.0 -> Sample.Quantile(x, min 1.0 p) ]
        q = List.sort q && Sample.Quantile(x, 0.0) = Array.min x && Sample.Quantile(x, 1.0) = Array.max x)

[<Property>]
let ``the median of the negated sample is the negated median`` () =
    Prop.forAll samples (fun x -> abs (Sample.Median x + Sample.Median(Array.map (~-) x)) < 1e-12)
