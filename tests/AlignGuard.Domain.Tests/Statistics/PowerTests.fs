module AlignGuard.Domain.Tests.Statistics.PowerTests

open System
open Xunit
open AlignGuard.Domain.Statistics

/// So many prompts of which a share flips either way, with this true drop.
let private study (random: Random) pairs discordant drop =
    let lost, gained = (discordant + drop) / 2.0, (discordant - drop) / 2.0
    let mutable b, c = 0, 0
    for _ in 1..pairs do
        let u = random.NextDouble()
        if u < lost then b <- b + 1 elif u < lost + gained then c <- c + 1
    { Both = pairs - b - c; OnlyBaseline = b; OnlyTuned = c; Neither = 0 }

/// 1,000 studies: a power of 0.8 has a standard error of 0.013; the formula is a large-sample one, and Newcombe's bound is a little wider than Wald's.
[<Theory>]
[<InlineData(0.02, 0.0, 0.02)>]
[<InlineData(0.05, 0.01, 0.06)>]
let ``with so many pairs a model within the limit passes as often as said`` (margin: float, drop: float, discordant: float) =
    let random = Random 7
    let pairs = int (Power.PairsToPass(margin, drop, discordant, 0.95, 0.8).Value)
    let passed = Seq.init 1000 (fun _ -> NonInferiority.Drop(study random pairs discordant drop, margin, 0.95).Passed) |> Seq.filter id |> Seq.length
    Assert.InRange(float passed / 1000.0, 0.70, 0.88)

[<Fact>]
let ``a drop that is so large is found as often as said`` () =
    let random = Random 8
    let drop = Power.DetectableDrop(1000L, 0.05, 0.975, 0.8)
    let found = Seq.init 1000 (fun _ -> McNemar.MidP(study random 1000 0.05 drop) <= 0.05) |> Seq.filter id |> Seq.length
    Assert.InRange(float found / 1000.0, 0.74, 0.88)

[<Fact>]
let ``no number of pairs shows that a drop beyond the limit is within it`` () =
    Assert.False(Power.PairsToPass(0.02, 0.02, 0.05, 0.95, 0.8).HasValue)

[<Fact>]
let ``more is needed for more power, more confidence, a closer limit and more flips`` () =
    let pairs margin discordant confidence power = Power.PairsToPass(margin, 0.0, discordant, confidence, power).Value
    let usual = pairs 0.02 0.04 0.95 0.8
    for more in [ pairs 0.02 0.04 0.95 0.9; pairs 0.02 0.04 0.99 0.8; pairs 0.01 0.04 0.95 0.8; pairs 0.02 0.08 0.95 0.8 ] do
        Assert.True(more > usual)
