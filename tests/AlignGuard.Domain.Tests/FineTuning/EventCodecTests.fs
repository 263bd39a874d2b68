module AlignGuard.Domain.Tests.FineTuning.EventCodecTests

open System
open FsCheck.FSharp
open FsCheck.Xunit
open Xunit
open AlignGuard.Domain.FineTuning
open AlignGuard.Domain.Spec
open AlignGuard.Domain.Tests.FineTuning

let private text = Gen.listOf (Gen.elements [ "a"; "é"; "\""; "\\"; "\n"; "\u0000"; "😀"; "/"; "{" ]) |> Gen.map (String.concat "")
let private real = Gen.oneof [ Gen.map (fun n -> float n / 7.0) (Gen.choose (-1000, 1000)); Gen.elements [ 0.0; 1e-300; Double.MaxValue; infinity; -infinity ] ]
let private maybe = Gen.oneof [ Gen.constant (Nullable()); Gen.map Nullable real ]
let private integer = Gen.elements [ 0; 1; 7; Int32.MaxValue ]

let private summary =
    Gen.map2 (fun (values: Nullable<float>[]) artifact ->
        { Refusal = values[0]; OverRefusal = values[1]; Helpful = values[2]; Task = values[3]; RefusalMargin = values[4]; KlPerToken = values[5]; Artifact = artifact })
        (Gen.arrayOfLength 6 maybe) text

let private result =
    Gen.oneof
        [ Gen.constant CommandResult.BaselineDone
          Gen.constant CommandResult.FisherDone
          Gen.map (Array.ofList >> CommandResult.DecomposeDone) (Gen.listOf text)
          Gen.map4 (fun step artifact loss evalLoss -> CommandResult.SegmentDone(step, artifact, loss, evalLoss)) integer text real maybe
          Gen.map CommandResult.DriftDone summary
          Gen.map CommandResult.GateDone (Gen.elements [ true; false ])
          Gen.constant CommandResult.GateDisputed
          Gen.map2 (fun approved by -> CommandResult.ApprovalDone(approved, by)) (Gen.elements [ true; false ]) text
          Gen.map CommandResult.Published text ]

let private fault =
    Gen.map2 (fun kind message -> { Kind = kind; Message = message })
        (Gen.elements [ FaultKind.Transient; FaultKind.BadInput; FaultKind.DataChanged; FaultKind.Permanent ]) text

let private event =
    Gen.oneof
        [ Gen.map Event.Started Driver.plans
          Gen.map3 (fun id attempt r -> Event.Completed(id, attempt, r)) text integer result
          Gen.map3 (fun id attempt f -> Event.Failed(id, attempt, f)) text integer fault
          Gen.map2 (fun id attempt -> Event.BackoffElapsed(id, attempt)) text integer
          Gen.constant Event.CancelRequested ]

type Arbitraries =
    static member Event() = Arb.fromGen event

[<Property(Arbitrary = [| typeof<Arbitraries> |], MaxTest = 500)>]
let ``reading what was written gives the same event`` (event: Event) = EventCodec.Read(EventCodec.Write event) = Ok event

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``an event is one line`` (event: Event) =
    not (Seq.exists (fun c -> c = '\n' || c = '\r') (EventCodec.Write event))

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``a torn line is an error with a reason, never an event`` (event: Event, cut: uint16) =
    let line = EventCodec.Write event
    match EventCodec.Read(line.Substring(0, int cut % line.Length)) with
    | Ok _ -> false
    | Error why -> why.StartsWith("Not an event", StringComparison.Ordinal)

[<Fact>]
let ``a diverged loss is written down`` () =
    let event = Event.Completed("segment/0", 1, CommandResult.SegmentDone(3, "a", nan, Nullable()))
    match EventCodec.Read(EventCodec.Write event) with
    | Ok(Event.Completed(_, _, CommandResult.SegmentDone(3, "a", loss, _))) -> Assert.True(Double.IsNaN loss)
    | other -> failwith $"%A{other}"

// The format is a contract with logs that were already written.
[<Fact>]
let ``the format of version 1 is fixed`` () =
    let lines =
        [ Event.Started { Driver.plan with Drift = DriftSchedule.Steps 3 },
          """{"v":1,"type":"started","plan":{"steps":12,"segment":5,"refreshEvery":4,"guarded":true,"drift":3,"attempts":3,"backoff":2,"seed":0}}"""
          Event.Completed("segment/3", 2, CommandResult.SegmentDone(150, "runs/r/segments/3", 0.25, Nullable())),
          """{"v":1,"type":"completed","command":"segment/3","attempt":2,"result":{"type":"segment","reachedStep":150,"artifact":"runs/r/segments/3","loss":0.25}}"""
          Event.Completed("drift/1", 1, CommandResult.DriftDone Driver.summary),
          """{"v":1,"type":"completed","command":"drift/1","attempt":1,"result":{"type":"drift","refusal":0.99,"overRefusal":0.01,"refusalMargin":3.5,"klPerToken":0.01,"artifact":"drift/0.jsonl"}}"""
          Event.Failed("gate", 1, { Kind = FaultKind.DataChanged; Message = "no" }),
          """{"v":1,"type":"failed","command":"gate","attempt":1,"fault":{"kind":"data-changed","message":"no"}}"""
          Event.BackoffElapsed("gate", 2), """{"v":1,"type":"backoffElapsed","command":"gate","attempt":2}"""
          Event.CancelRequested, """{"v":1,"type":"cancelRequested"}""" ]

    for event, line in lines do
        Assert.Equal(line, EventCodec.Write event)
        Assert.Equal(Ok event, EventCodec.Read line)

[<Fact>]
let ``a driver's own properties are passed over`` () =
    Assert.Equal(Ok Event.CancelRequested, EventCodec.Read """{"at":"2026-01-01T00:00:00Z","v":1,"type":"cancelRequested"}""")

[<Theory>]
[<InlineData("""{"v":2,"type":"cancelRequested"}""", "version 2")>]
[<InlineData("""{"type":"cancelRequested"}""", "\"v\" is missing")>]
[<InlineData("""{"v":1}""", "\"type\" is missing")>]
[<InlineData("""{"v":1,"type":"exploded"}""", "\"exploded\" is unknown")>]
[<InlineData("""{"v":1,"type":"completed","command":"gate","attempt":1,"result":{"type":"gate"}}""", "\"accepted\" is missing")>]
[<InlineData("""{"v":1,"type":"completed","command":"gate","attempt":1,"result":{"type":"tea"}}""", "\"tea\" is unknown")>]
[<InlineData("""{"v":1,"type":"failed","command":"gate","attempt":1,"fault":{"kind":"odd","message":"m"}}""", "\"odd\" is unknown")>]
[<InlineData("""{"v":1,"type":"backoffElapsed","command":null,"attempt":1}""", "is null")>]
[<InlineData("""{"v":1,"type":"backoffElapsed","command":"x","attempt":1.5}""", "Not an event")>]
[<InlineData("""{"v":1,"type":"backoffElapsed","command":7,"attempt":1}""", "Not an event")>]
[<InlineData("""{"v":1,"type":"completed","command":"x","attempt":1,"result":{"type":"segment","reachedStep":1,"artifact":"a","loss":"big"}}""", "not a number")>]
[<InlineData("[]", "missing")>]
[<InlineData("null", "missing")>]
[<InlineData("", "not JSON")>]
[<InlineData("{\"v\":1,", "not JSON")>]
let ``a line that is no event says why`` (line: string, why: string) =
    match EventCodec.Read line with
    | Ok event -> failwith $"%A{event}"
    | Error message -> Assert.Contains(why, message)
