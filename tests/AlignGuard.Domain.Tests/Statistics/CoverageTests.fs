module AlignGuard.Domain.Tests.Statistics.CoverageTests

open System
open Xunit
open AlignGuard.Domain.Statistics

/// Every count of n is as likely as the binomial says, so Wilson's coverage is a sum and not a simulation.
let private wilson n p confidence =
    let logFactorials = Array.scan (fun sum k -> sum + log (float k)) 0.0 [| 1..n |]
    Seq.init (n + 1) (fun k ->
        let e = Wilson.Interval(k, n, confidence)
        if e.Lower <= p && p <= e.Upper then exp (logFactorials[n] - logFactorials[k] - logFactorials[n - k] + float k * log p + float (n - k) * log (1.0 - p)) else 0.0)
    |> Seq.sum

/// Over proportions Wilson's interval covers on average at its nominal rate; at single ones its coverage swings with the counts that fall in or out (Brown, Cai and DasGupta 2001).
[<Theory>]
[<InlineData(20, 0.95, 0.9)>]
[<InlineData(100, 0.95, 0.9)>]
[<InlineData(1000, 0.95, 0.94)>]
[<InlineData(100, 0.8, 0.7)>]
let ``Wilson's interval covers a share at its nominal rate`` (n: int, confidence: float, least: float) =
    let coverages = [| for step in 1..199 -> wilson n (float step / 200.0) confidence |]
    Assert.InRange(Array.average coverages, confidence - 0.002, confidence + 0.006)
    Assert.True(Array.min coverages > least, $"{Array.min coverages}")

/// Tables of n prompts: shares before and after, and how far answers go together: 0 = independently, 1 = as far as the shares allow.
let private simulated (random: Random) n (before: float, after: float, together: float) confidence rounds =
    let both = (1.0 - together) * before * after + together * min before after
    let one () =
        let mutable a, b, c = 0, 0, 0
        for _ in 1..n do
            let u = random.NextDouble()
            if u < both then a <- a + 1
            elif u < before then b <- b + 1
            elif u < before + after - both then c <- c + 1
        let e = Newcombe.Difference({ Both = a; OnlyBaseline = b; OnlyTuned = c; Neither = n - a - b - c }, confidence)
        e.Lower <= before - after && before - after <= e.Upper
    float (Seq.init rounds (fun _ -> one ()) |> Seq.filter id |> Seq.length) / float rounds

/// 4,000 rounds: a rate of 0.95 has a standard error of 0.0034. Method 10 is a little cautious where shares lie near 0 or 1.
[<Theory>]
[<InlineData(0.95)>]
[<InlineData(0.8)>]
let ``Newcombe's paired interval covers the loss at its nominal rate`` (confidence: float) =
    let random = Random 17
    let coverages =
        [| for n in [ 50; 200; 1000 ] do
               for before, after in [ 0.5, 0.5; 0.9, 0.8; 0.95, 0.95; 0.98, 0.9; 0.3, 0.6 ] do
                   for together in [ 0.0; 0.5; 0.9 ] do
                       // The largest tables cost most and swing least.
                       $"n = {n}, {before} to {after}, together {together}", simulated random n (before, after, together) confidence (if n = 1000 then 1_000 else 4_000) |]
    for case, coverage in coverages do
        Assert.True(coverage > confidence - 0.03, $"{case}: {coverage}")
    Assert.InRange(coverages |> Array.averageBy snd, confidence - 0.01, confidence + 0.04)

/// What the gate asks: the chance that a model which lost exactly the limit passes is at most one less the confidence.
[<Fact>]
let ``a loss at the limit passes the gate's bound no oftener than its confidence allows`` () =
    let random = Random 23
    let limit, n, rounds = 0.05, 500, 3_000
    let passed =
        Seq.init rounds (fun _ ->
            let mutable a, b, c = 0, 0, 0
            for _ in 1..n do
                let u = random.NextDouble()
                if u < 0.84 then a <- a + 1
                elif u < 0.92 then b <- b + 1
                elif u < 0.95 then c <- c + 1
            // One-sided at 0.95.
            (Newcombe.Difference({ Both = a; OnlyBaseline = b; OnlyTuned = c; Neither = n - a - b - c }, 0.9)).Upper <= limit)
        |> Seq.filter id
        |> Seq.length
    // Its standard error is 0.004.
    Assert.InRange(float passed / float rounds, 0.02, 0.063)
