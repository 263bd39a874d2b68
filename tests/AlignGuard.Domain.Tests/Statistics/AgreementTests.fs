module AlignGuard.Domain.Tests.Statistics.AgreementTests

open System
open Xunit
open FsCheck
open FsCheck.Xunit
open AlignGuard.Domain.Statistics
open AlignGuard.Domain.Tests

/// Two judges' answers with these joint counts (rows: the first judge).
let private judged (counts: int list list) =
    [| for i, row in List.indexed counts do
           for j, n in List.indexed row do
               for _ in 1..n -> i, j |]
    |> Array.unzip

let private kappa counts =
    let a, b = judged counts
    Kappa.Of(a, b, 0.95)

// Cohen (1960) by hand: observed 35/50; expected (25·30 + 25·20)/2500 = 1/2.
[<Fact>]
let ``kappa of a table worked by hand`` () =
    let a = kappa [ [ 20; 5 ]; [ 10; 15 ] ]
    close 1e-12 0.7 a.Observed
    close 1e-12 0.5 a.Expected
    close 1e-12 0.4 a.Kappa.Value.Value

[<Fact>]
let ``kappa has its bounds: agreement in everything, chance, and disagreement in everything`` () =
    close 1e-12 1.0 (kappa [ [ 7; 0 ]; [ 0; 9 ] ]).Kappa.Value.Value
    close 1e-12 0.0 (kappa [ [ 4; 6 ]; [ 8; 12 ] ]).Kappa.Value.Value
    close 1e-12 -1.0 (kappa [ [ 0; 5 ]; [ 5; 0 ] ]).Kappa.Value.Value
    Assert.False((kappa [ [ 12 ] ]).Kappa.HasValue)

[<Property>]
let ``kappa does not know which judge is the first, nor the items' order`` (pairs: NonEmptyArray<bool * bool>) =
    let a, b = Array.unzip pairs.Get
    let one, two, three = Kappa.Of(a, b, 0.9), Kappa.Of(b, a, 0.9), Kappa.Of(Array.rev a, Array.rev b, 0.9)
    let same (x: Agreement) (y: Agreement) =
        abs (x.Observed - y.Observed) < 1e-12
        && x.Kappa.HasValue = y.Kappa.HasValue
        && (not x.Kappa.HasValue || abs (x.Kappa.Value.Value - y.Kappa.Value.Value) < 1e-9 && abs (x.Kappa.Value.Lower - y.Kappa.Value.Lower) < 1e-9)
    same one two && same one three

/// 200 items a study, 1,000 studies: a rate of 0.95 has a standard error of 0.007; 0.92 is four of them below.
[<Fact>]
let ``kappa's interval covers the true value at its nominal rate`` () =
    let random = Random 3
    // Joint (0.45, 0.10, 0.05, 0.40): observed 0.85; expected 0.55·0.5 + 0.45·0.5 = 0.5; kappa 0.7.
    let draw () =
        let u = random.NextDouble()
        if u < 0.45 then true, true elif u < 0.55 then true, false elif u < 0.60 then false, true else false, false
    let covered =
        Seq.init 1000 (fun _ ->
            let a, b = Array.init 200 (fun _ -> draw ()) |> Array.unzip
            let k = Kappa.Of(a, b, 0.95).Kappa.Value
            k.Lower <= 0.7 && 0.7 <= k.Upper)
        |> Seq.filter id
        |> Seq.length
    Assert.InRange(float covered / 1000.0, 0.92, 0.98)

[<Fact>]
let ``judges of other numbers of items are refused`` () =
    Assert.Throws<ArgumentException>(fun () -> Kappa.Of([| 1 |], [| 1; 2 |], 0.95) |> ignore) |> ignore
