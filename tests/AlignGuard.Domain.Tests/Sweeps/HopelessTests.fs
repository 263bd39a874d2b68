module AlignGuard.Domain.Tests.Sweeps.HopelessTests

open FsCheck.FSharp
open FsCheck.Xunit
open Xunit
open AlignGuard.Domain.Sweeps

let private share = Gen.map (fun n -> float n / 20.0) (Gen.choose (0, 20))

let private rule =
    Gen.map2 (fun after drop -> { After = after; RefusalDrop = min 0.95 drop }) share share

let private progress =
    gen {
        let! steps = Gen.choose (1, 100)
        let! step = Gen.choose (0, steps)
        let! asked = Gen.choose (0, 300)
        let! refused = Gen.choose (0, asked)
        let! baseRefused = Gen.choose (0, asked)
        return { Step = step; Steps = steps; Refused = refused; Asked = asked; BaseRefused = baseRefused }
    }

type Arbitraries =
    static member Rule() = Arb.fromGen rule
    static member Progress() = Arb.fromGen progress

let private isHopeless (rule: HopelessRule) (p: CellProgress) = (Hopeless.Judge(rule, p)).IsSome

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``fewer refusals never help`` (rule: HopelessRule, p: CellProgress) =
    let judged = [ for refused in 0 .. p.Asked -> isHopeless rule { p with Refused = refused } ]
    // Hopeless up to some number of refusals, and not beyond.
    judged |> List.pairwise |> List.forall (fun (fewer, more) -> fewer || not more)

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``more refusals of the base model never help`` (rule: HopelessRule, p: CellProgress) =
    let judged = [ for refused in 0 .. p.Asked -> isHopeless rule { p with BaseRefused = refused } ]
    judged |> List.pairwise |> List.forall (fun (fewer, more) -> more || not fewer)

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``what is hopeless stays so at later steps and under a stricter rule`` (rule: HopelessRule, p: CellProgress) =
    not (isHopeless rule p)
    || (isHopeless rule { p with Step = p.Steps } && isHopeless { rule with RefusalDrop = rule.RefusalDrop / 2.0; After = rule.After / 2.0 } p)

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``no run is given up before its time`` (rule: HopelessRule, p: CellProgress) =
    float p.Step >= rule.After * float p.Steps - 1e-6 || not (isHopeless rule p)

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``a run is given up only for a loss larger than the rule allows`` (rule: HopelessRule, p: CellProgress) =
    not (isHopeless rule p) || float (p.BaseRefused - p.Refused) / float p.Asked > rule.RefusalDrop

[<Fact>]
let ``nothing asked is no reason`` () =
    Assert.Equal(None, Hopeless.Judge(HopelessRule.Default, { Step = 9; Steps = 10; Refused = 0; Asked = 0; BaseRefused = 0 }))

[<Property>]
let ``no figures make it throw`` (step: int, steps: int, refused: int, asked: int, baseRefused: int) =
    let judged = Hopeless.Judge(HopelessRule.Default, { Step = step; Steps = steps; Refused = refused; Asked = asked; BaseRefused = baseRefused })
    judged.IsNone || (asked > 0 && refused >= 0 && baseRefused <= asked)

// 0.55 * 100 is a little more than 55.
[<Theory>]
[<InlineData(54, false)>]
[<InlineData(55, true)>]
let ``the share of the steps is met exactly`` (step: int, expected: bool) =
    let p = { Step = step; Steps = 100; Refused = 0; Asked = 100; BaseRefused = 100 }
    Assert.Equal(expected, isHopeless { HopelessRule.Default with After = 0.55 } p)

// The upper limits of 70 and 69 of 100 at z = 2.3263 are 0.7941 and 0.7855; 0.79 lies between them.
[<Theory>]
[<InlineData(70, false)>]
[<InlineData(69, true)>]
let ``the bound is the one-sided limit at 0.99`` (refused: int, expected: bool) =
    let p = { Step = 5; Steps = 10; Refused = refused; Asked = 100; BaseRefused = 99 }
    Assert.Equal(expected, isHopeless HopelessRule.Default p)
