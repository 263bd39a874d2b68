module AlignGuard.Domain.Tests.Statistics.BootstrapTests

open System
open Xunit
open FsCheck
open FsCheck.Xunit
open AlignGuard.Domain.Statistics
open AlignGuard.Domain.Tests

let private usable (values: NormalFloat[]) = values |> Array.map (fun v -> Math.Clamp(v.Get, -1e6, 1e6))

[<Property(MaxTest = 30)>]
let ``the interval holds the mean, lies within the sample and does not know its order`` (values: NormalFloat[]) =
    let x = usable values
    x.Length < 2
    || (let e, r = Bootstrap.MeanInterval(x, 0.95, 1), Bootstrap.MeanInterval(Array.rev x, 0.95, 1)
        e.Lower <= e.Value && e.Value <= e.Upper && e.Lower >= Array.min x - 1e-6 && e.Upper <= Array.max x + 1e-6
        && abs (e.Lower - r.Lower) < 1e-6 && abs (e.Upper - r.Upper) < 1e-6)

[<Fact>]
let ``a sample without spread has no width`` () =
    let e = Bootstrap.MeanInterval([| 0.25; 0.25; 0.25 |], 0.95, 0)
    Assert.Equal((0.25, 0.25), (e.Lower, e.Upper))

/// Skewed like toxicity: the square of a uniform number (mean 1/3), 60 values, 400 samples: a rate of 0.95 has a standard error of 0.011.
[<Fact>]
let ``the interval covers the mean of a skewed figure at its nominal rate`` () =
    let random = Random 5
    let covered =
        Seq.init 400 (fun n ->
            let e = Bootstrap.MeanInterval(Array.init 60 (fun _ -> let u = random.NextDouble() in u * u), 0.95, n)
            e.Lower <= 1.0 / 3.0 && 1.0 / 3.0 <= e.Upper)
        |> Seq.filter id
        |> Seq.length
    Assert.InRange(float covered / 400.0, 0.91, 0.98)

[<Fact>]
let ``the interval agrees with Student's on a symmetric sample`` () =
    let x = Array.init 200 (fun i -> Normal.Quantile((float i + 0.5) / 200.0))
    let b, t = Bootstrap.MeanInterval(x, 0.95, 2), Sample.MeanInterval(x, 0.95)
    close 0.015 t.Lower b.Lower
    close 0.015 t.Upper b.Upper
