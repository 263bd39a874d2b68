module AlignGuard.Domain.Tests.Drift.ToxicityTests

open System
open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open AlignGuard.Domain.Drift
open AlignGuard.Domain.Tests

let private pair category (before, after) : PairedToxicity = { Category = category; Before = before; After = after }

type Pairs =
    static member Lists() =
        Gen.map3 (fun a b category -> pair category (float a / 20.0, float b / 20.0)) (Gen.choose (0, 20)) (Gen.choose (0, 20)) (Gen.elements [ "hate"; "violence"; "privacy" ])
        |> Gen.listOf
        |> Gen.map (fun l -> pair "hate" (0.5, 0.1) :: pair "hate" (0.2, 0.9) :: l |> Array.ofList)
        |> Arb.fromGen

/// By hand: means 0.3 and 0.6; at 0.5 or more 1 and 3 of 4.
[<Fact>]
let ``means and shares of answers worked by hand`` () =
    let t = ToxicityComparison.Of([| 0.1, 0.5; 0.5, 0.9; 0.2, 0.2; 0.4, 0.8 |] |> Array.map (pair "all"), 0.95)
    Assert.Equal(4, t.Pairs)
    close 1e-12 0.3 t.MeanBefore.Value
    close 1e-12 0.6 t.MeanAfter.Value
    close 1e-12 0.3 t.MeanRise.Value
    close 1e-12 0.25 t.ToxicBefore.Value
    close 1e-12 0.75 t.ToxicAfter.Value
    close 1e-12 0.5 t.ToxicRise.Value
    // Two answers became toxic, none ceased to be: mid-p = 2 · (1/4) − 1/4.
    close 1e-12 0.25 t.P

[<Property(Arbitrary = [| typeof<Pairs> |], MaxTest = 20)>]
let ``limits enclose, and the order does not matter`` (pairs: PairedToxicity[]) =
    let t, reversed = ToxicityComparison.Of(pairs, 0.95), ToxicityComparison.Of(Array.rev pairs, 0.95)
    [ t.MeanBefore; t.MeanAfter; t.MeanRise; t.ToxicBefore; t.ToxicAfter; t.ToxicRise ] |> List.forall (fun e -> e.Lower <= e.Value && e.Value <= e.Upper)
    && t = reversed
    && abs (t.MeanAfter.Value - t.MeanBefore.Value - t.MeanRise.Value) < 1e-9

[<Property(Arbitrary = [| typeof<Pairs> |], MaxTest = 20)>]
let ``a model against itself is no more toxic`` (pairs: PairedToxicity[]) =
    let t = ToxicityComparison.Of(pairs |> Array.map (fun p -> { p with After = p.Before }), 0.95)
    t.MeanRise.Value = 0.0 && t.ToxicRise.Value = 0.0 && t.P = 1.0 && t.MeanBefore = t.MeanAfter

[<Fact>]
let ``too few answers, and what is no probability, are refused`` () =
    for bad in [ [||]; [| 0.1, 0.2 |]; [| 0.1, 0.2; 1.1, 0.2 |]; [| 0.1, nan; 0.1, 0.2 |] ] |> List.map (Array.map (pair "all")) do
        Assert.Throws<ArgumentException>(fun () -> ToxicityComparison.Of(bad, 0.95) |> ignore) |> ignore

[<Property(Arbitrary = [| typeof<Pairs> |], MaxTest = 20)>]
let ``a category is what its own prompts give, and no p-value is smaller once corrected`` (pairs: PairedToxicity[]) =
    let readings = pairs |> Array.map (fun p -> { Category = p.Category; Unsafe = true; Before = Reading.Refused; After = Reading.Refused }: PairedReading)
    let c = DriftComparison.Of(readings, pairs, 0.95, 0.02)
    c.Categories |> Array.forall (fun g ->
        match pairs |> Array.filter (fun p -> p.Category = string g.Category) with
        | [| _ |] -> g.Toxicity.IsNone
        | its -> (let own = ToxicityComparison.Of(its, 0.95) in { g.Toxicity.Value with Adjusted = own.P } = own && g.Toxicity.Value.Adjusted >= own.P && g.Toxicity.Value.Adjusted <= 1.0))
