module AlignGuard.Domain.Tests.Sweeps.SweepEventCodecTests

open System
open FsCheck.FSharp
open FsCheck.Xunit
open Xunit
open AlignGuard.Domain.FineTuning
open AlignGuard.Domain.Sweeps
open AlignGuard.Domain.Tests.Sweeps

let private text = Gen.listOf (Gen.elements [ "a"; "é"; "\""; "\\"; "\n"; "\u0000"; "😀"; "/"; "{" ]) |> Gen.map (String.concat "")
let private real = Gen.oneof [ Gen.map (fun n -> float n / 7.0) (Gen.choose (-1000, 1000)); Gen.elements [ 0.0; 1e-300; Double.MaxValue; infinity; -infinity ] ]
let private maybe = Gen.oneof [ Gen.constant (Nullable()); Gen.map Nullable real ]
let private integer = Gen.elements [ 0; 1; 7; Int32.MaxValue ]

let private outcome =
    Gen.oneof
        [ Gen.elements [ CellOutcome.Accepted; CellOutcome.Rejected; CellOutcome.Cancelled ]
          Gen.map CellOutcome.Failed text
          Gen.map CellOutcome.Hopeless text ]

let private result =
    gen {
        let! outcome = outcome
        let! run = text
        let! step = integer
        let! figures = Gen.arrayOfLength 5 maybe

        return
            { Outcome = outcome; RunId = run; Step = step; Refusal = figures[0]; OverRefusal = figures[1]; Helpful = figures[2]; Task = figures[3]
              RefusalKept = figures[4] }
    }

let private fault =
    Gen.map2 (fun kind message -> { Kind = kind; Message = message })
        (Gen.elements [ FaultKind.Transient; FaultKind.BadInput; FaultKind.DataChanged; FaultKind.Permanent ]) text

let private progress =
    Gen.arrayOfLength 5 integer
    |> Gen.map (fun n -> { Step = n[0]; Steps = n[1]; Refused = n[2]; Asked = n[3]; BaseRefused = n[4] })

let private plan =
    Gen.map3 (fun (plan: SweepPlan) key label -> { plan with Cells = plan.Cells |> Array.map (fun c -> { c with SharedKey = key; Label = label }) })
        SweepDriver.plans text text

let private event =
    Gen.oneof
        [ Gen.map SweepEvent.Started plan
          Gen.map2 (fun key attempt -> SweepEvent.Prepared(key, attempt)) text integer
          Gen.map3 (fun key attempt f -> SweepEvent.PrepareFailed(key, attempt, f)) text integer fault
          Gen.map3 (fun cell attempt p -> SweepEvent.Progressed(cell, attempt, p)) integer integer progress
          Gen.map3 (fun cell attempt r -> SweepEvent.CellEnded(cell, attempt, r)) integer integer result
          Gen.map2 (fun cell attempt -> SweepEvent.Stopped(cell, attempt)) integer integer
          Gen.constant SweepEvent.CancelRequested
          Gen.map SweepEvent.Retried integer ]

type Arbitraries =
    static member Event() = Arb.fromGen event

[<Property(Arbitrary = [| typeof<Arbitraries> |], MaxTest = 500)>]
let ``reading what was written gives the same event`` (event: SweepEvent) = SweepEventCodec.Read(SweepEventCodec.Write event) = Ok event

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``an event is one line`` (event: SweepEvent) =
    not (Seq.exists (fun c -> c = '\n' || c = '\r') (SweepEventCodec.Write event))

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``a torn line is an error with a reason, never an event`` (event: SweepEvent, cut: uint16) =
    let line = SweepEventCodec.Write event

    match SweepEventCodec.Read(line.Substring(0, int cut % line.Length)) with
    | Ok _ -> false
    | Error why -> why.StartsWith("Not an event", StringComparison.Ordinal)

[<Fact>]
let ``a figure that is no number is written down`` () =
    let event = SweepEvent.CellEnded(0, 1, { SweepDriver.result CellOutcome.Rejected with Task = Nullable nan })

    match SweepEventCodec.Read(SweepEventCodec.Write event) with
    | Ok(SweepEvent.CellEnded(0, 1, result)) -> Assert.True(Double.IsNaN result.Task.Value)
    | other -> failwith $"%A{other}"

// The format is a contract with logs that were already written.
[<Fact>]
let ``the format of version 1 is fixed`` () =
    let plan = SweepDriver.planOf 2 [ "k" ]

    let lines =
        [ SweepEvent.Started plan,
          """{"v":1,"type":"started","plan":{"parallel":2,"hopeless":{"after":0.3,"refusalDrop":0.2},"cells":[{"index":0,"label":"train.seed=0","key":"k"}]}}"""
          SweepEvent.Started { plan with Hopeless = None; Cells = [||] }, """{"v":1,"type":"started","plan":{"parallel":2,"cells":[]}}"""
          SweepEvent.Prepared("k", 1), """{"v":1,"type":"prepared","key":"k","attempt":1}"""
          SweepEvent.PrepareFailed("k", 2, { Kind = FaultKind.DataChanged; Message = "no" }),
          """{"v":1,"type":"prepareFailed","key":"k","attempt":2,"fault":{"kind":"data-changed","message":"no"}}"""
          SweepEvent.Progressed(3, 1, SweepDriver.progress 4 49),
          """{"v":1,"type":"progressed","cell":3,"attempt":1,"step":4,"steps":10,"refused":49,"asked":50,"baseRefused":50}"""
          SweepEvent.CellEnded(3, 1, SweepDriver.result CellOutcome.Accepted),
          """{"v":1,"type":"cellEnded","cell":3,"attempt":1,"result":{"outcome":"accepted","run":"r1","step":10,"refusal":0.9,"overRefusal":0.1,"task":0.5,"refusalKept":0.95}}"""
          SweepEvent.CellEnded(3, 1, CellResult.NotRun(CellOutcome.Failed "no")),
          """{"v":1,"type":"cellEnded","cell":3,"attempt":1,"result":{"outcome":"failed","reason":"no","run":"","step":0}}"""
          SweepEvent.Stopped(3, 1), """{"v":1,"type":"stopped","cell":3,"attempt":1}"""
          SweepEvent.CancelRequested, """{"v":1,"type":"cancelRequested"}"""
          SweepEvent.Retried 2, """{"v":1,"type":"retried","attempt":2}""" ]

    for event, line in lines do
        Assert.Equal(line, SweepEventCodec.Write event)
        Assert.Equal(Ok event, SweepEventCodec.Read line)

[<Fact>]
let ``a driver's own properties are passed over`` () =
    Assert.Equal(Ok SweepEvent.CancelRequested, SweepEventCodec.Read """{"at":"2026-01-01T00:00:00Z","v":1,"type":"cancelRequested"}""")

[<Theory>]
[<InlineData("""{"v":2,"type":"cancelRequested"}""", "version 2")>]
[<InlineData("""{"type":"cancelRequested"}""", "\"v\" is missing")>]
[<InlineData("""{"v":1}""", "\"type\" is missing")>]
[<InlineData("""{"v":1,"type":"exploded"}""", "\"exploded\" is unknown")>]
[<InlineData("""{"v":1,"type":"started","plan":{"parallel":1}}""", "\"cells\" is missing")>]
[<InlineData("""{"v":1,"type":"started","plan":{"parallel":1,"cells":7}}""", "Not an event")>]
[<InlineData("""{"v":1,"type":"started","plan":{"parallel":1,"hopeless":7,"cells":[]}}""", "\"after\" is missing")>]
[<InlineData("""{"v":1,"type":"cellEnded","cell":0,"attempt":1,"result":{"outcome":"odd","run":"","step":0}}""", "\"odd\" is unknown")>]
[<InlineData("""{"v":1,"type":"cellEnded","cell":0,"attempt":1,"result":{"outcome":"failed","run":"","step":0}}""", "\"reason\" is missing")>]
[<InlineData("""{"v":1,"type":"cellEnded","cell":0,"attempt":1,"result":{"outcome":"accepted","run":"","step":0,"task":"good"}}""", "not a number")>]
[<InlineData("""{"v":1,"type":"prepareFailed","key":"k","attempt":1,"fault":{"kind":"odd","message":"m"}}""", "\"odd\" is unknown")>]
[<InlineData("""{"v":1,"type":"prepared","key":null,"attempt":1}""", "is null")>]
[<InlineData("""{"v":1,"type":"stopped","cell":1.5,"attempt":1}""", "Not an event")>]
[<InlineData("""{"v":1,"type":"stopped","cell":"1","attempt":1}""", "Not an event")>]
[<InlineData("[]", "missing")>]
[<InlineData("null", "missing")>]
[<InlineData("", "not JSON")>]
[<InlineData("{\"v\":1,", "not JSON")>]
let ``a line that is no event says why`` (line: string, why: string) =
    match SweepEventCodec.Read line with
    | Ok event -> failwith $"%A{event}"
    | Error message -> Assert.Contains(why, message)
