/// The course of a run, spelt out.
module AlignGuard.Domain.Tests.FineTuning.CourseTests

open System
open Xunit
open AlignGuard.Domain.FineTuning
open AlignGuard.Domain.Spec

let private plan = Driver.plan

/// Runs in calm weather and lists every command in order.
let private course (plan: Plan) =
    let rec go state (commands: Command[]) listed =
        match commands with
        | [||] -> List.rev listed, state
        | _ ->
            let struct (next, following) = FineTuningDecider.Decide(state, Driver.success commands[0])
            go next following (commands[0] :: listed)

    let struct (state, commands) = FineTuningDecider.Decide(FineTuningDecider.Initial, Event.Started plan)
    go state commands []

let private ids plan = course plan |> fst |> List.map _.Id

[<Fact>]
let ``a guarded run measures, guards, trains, checks, decides and publishes in this order`` () =
    // 12 steps, segments of 5, refresh every 4: boundaries 4, 5, 8, 10, 12; quick checks at 5 and 10.
    Assert.Equal<string list>(
        [ "baseline"; "fisher/0"; "decompose/0"; "segment/0"
          "fisher/1"; "decompose/1"; "segment/1"; "drift/1"; "segment/2"
          "fisher/2"; "decompose/2"; "segment/3"; "drift/3"; "segment/4"
          "drift/final"; "gate"; "publish" ],
        ids plan
    )

    let commands, state = course plan
    Assert.Equal(Some Outcome.Accepted, state.Outcome)
    Assert.Equal(Some "models/m", state.Published)
    Assert.Equal(3, state.Warnings.Length)

    let spans =
        commands
        |> List.choose (fun c ->
            match c.Work with
            | Work.Segment(_, a, b, refresh, parent) -> Some(a, b, Option.ofNullable refresh, Option.ofNullable parent)
            | _ -> None)

    Assert.Equal<(int * int * int option * int option) list>(
        [ 0, 4, Some 0, None; 4, 5, Some 1, Some 0; 5, 8, Some 1, Some 1; 8, 10, Some 2, Some 2; 10, 12, Some 2, Some 3 ],
        spans
    )

    let fishers =
        commands |> List.choose (fun c -> match c.Work with Work.Fisher(k, at, segment) -> Some(k, at, Option.ofNullable segment) | _ -> None)

    Assert.Equal<(int * int * int option) list>([ 0, 0, None; 1, 4, Some 0; 2, 8, Some 2 ], fishers)

[<Fact>]
let ``plain LoRA has no Fisher and no refresh`` () =
    Assert.Equal<string list>(
        [ "baseline"; "segment/0"; "drift/0"; "segment/1"; "drift/1"; "segment/2"; "drift/final"; "gate"; "publish" ],
        ids { plan with Guarded = false }
    )

[<Fact>]
let ``guarded and plain runs are measured at the same steps`` () =
    let measured plan = (course plan |> snd).Drifts |> Array.map _.Step
    Assert.Equal<int>(measured plan, measured { plan with Guarded = false })

[<Fact>]
let ``refreshEvery 0 refreshes at step 0 only`` () =
    Assert.Equal<string list>([ "fisher/0" ], ids { plan with RefreshEvery = 0 } |> List.filter _.StartsWith("fisher"))

[<Fact>]
let ``drift checks keep to their schedule`` () =
    let drifts schedule = ids { plan with Drift = schedule } |> List.filter _.StartsWith("drift")
    Assert.Equal<string list>([ "drift/final" ], drifts DriftSchedule.Final)
    // Every 3 steps at the boundaries 4, 5, 8, 10: due at 4 (past 3), 8 (past 6), 10 (past 9).
    Assert.Equal<string list>([ "drift/0"; "drift/2"; "drift/3"; "drift/final" ], drifts (DriftSchedule.Steps 3))

let private answered state event =
    let struct (next, commands) = FineTuningDecider.Decide(state, event)
    next, List.ofArray commands

let private started = FineTuningDecider.Fold [ Event.Started plan ]

let private untilSegment0 =
    FineTuningDecider.Fold
        [ Event.Started plan
          Event.Completed("baseline", 1, CommandResult.BaselineDone)
          Event.Completed("fisher/0", 1, CommandResult.FisherDone)
          Event.Completed("decompose/0", 1, CommandResult.DecomposeDone [||]) ]

[<Fact>]
let ``a segment cut short goes on to its old boundary with its old bases`` () =
    let _, commands = answered untilSegment0 (Event.Completed("segment/0", 1, CommandResult.SegmentDone(3, "a", 1.0, Nullable())))
    Assert.Equal(Work.Segment(1, 3, 4, Nullable 0, Nullable 0), (List.exactlyOne commands).Work)

[<Fact>]
let ``a transient fault is tried again after a wait, up to the attempts`` () =
    let fail n = Event.Failed("baseline", n, Driver.fault FaultKind.Transient)

    let waiting, commands = answered started (fail 1)
    let wait = List.exactlyOne commands
    Assert.Equal(("backoff/baseline", 2), (wait.Id, wait.Attempt))

    let again, commands = answered waiting (Event.BackoffElapsed("baseline", 2))
    let retry = List.exactlyOne commands
    Assert.Equal(("baseline", 2), (retry.Id, retry.Attempt))

    let third, _ = answered (answered again (fail 2) |> fst) (Event.BackoffElapsed("baseline", 3))
    let ended, commands = answered third (fail 3)
    Assert.Empty commands
    Assert.Equal(Some(Outcome.Failed("baseline", Driver.fault FaultKind.Transient)), ended.Outcome)

[<Fact>]
let ``waits double, are stretched by less than a half, and last an hour at most`` () =
    let delay attempt = Backoff.delay { plan with Attempts = 100 } "segment/3" attempt

    for attempt in 2..11 do
        let floor = 2.0 * Math.Pow(2.0, float (attempt - 2))
        Assert.InRange(delay attempt, floor, 1.5 * floor)

    Assert.Equal(3600.0, delay 100)
    Assert.Equal(delay 4, delay 4)
    Assert.NotEqual(delay 4, Backoff.delay { plan with Seed = 1L } "segment/3" 4)

[<Theory>]
[<InlineData(0)>]
[<InlineData(1)>]
[<InlineData(2)>]
let ``other faults end the run at once`` (kind: int) =
    let fault = Driver.fault [| FaultKind.BadInput; FaultKind.DataChanged; FaultKind.Permanent |].[kind]
    let ended, commands = answered started (Event.Failed("baseline", 1, fault))
    Assert.Empty commands
    Assert.Equal(Some(Outcome.Failed("baseline", fault)), ended.Outcome)

[<Fact>]
let ``cancelling waits for the work in progress and keeps what it commits`` () =
    let cancelling, commands = answered untilSegment0 Event.CancelRequested
    Assert.Empty commands
    Assert.False(FineTuningDecider.IsTerminal cancelling)
    let ended, commands = answered cancelling (Event.Completed("segment/0", 1, CommandResult.SegmentDone(2, "a", 1.0, Nullable())))
    Assert.Empty commands
    Assert.Equal((Some Outcome.Cancelled, 2), (ended.Outcome, ended.Step))

[<Fact>]
let ``cancelling does not wait for a wait, nor before the start`` () =
    let waiting, _ = answered started (Event.Failed("baseline", 1, Driver.fault FaultKind.Transient))
    Assert.Equal(Some Outcome.Cancelled, (answered waiting Event.CancelRequested |> fst).Outcome)
    let before, _ = answered FineTuningDecider.Initial Event.CancelRequested
    Assert.Equal(Some Outcome.Cancelled, before.Outcome)
    Assert.Equal((before, []), answered before (Event.Started plan))

[<Fact>]
let ``a fault while cancelling is a cancellation`` () =
    let cancelling, _ = answered untilSegment0 Event.CancelRequested
    let ended, _ = answered cancelling (Event.Failed("segment/0", 1, Driver.fault FaultKind.Transient))
    Assert.Equal(Some Outcome.Cancelled, ended.Outcome)

[<Fact>]
let ``a run that published before the cancellation arrived is accepted`` () =
    let history = Driver.run Driver.calm plan [||]
    let beforeLast = FineTuningDecider.Fold(List.take (history.Length - 1) history)
    let cancelling, _ = answered beforeLast Event.CancelRequested
    Assert.Equal(Some Outcome.Accepted, (answered cancelling (List.last history) |> fst).Outcome)

[<Theory>]
[<InlineData(5)>]
[<InlineData(-1)>]
let ``a step outside the segment is a permanent fault`` (reached: int) =
    let ended, _ = answered untilSegment0 (Event.Completed("segment/0", 1, CommandResult.SegmentDone(reached, "a", 1.0, Nullable())))
    match ended.Outcome with
    | Some(Outcome.Failed("segment/0", fault)) -> Assert.Equal(FaultKind.Permanent, fault.Kind)
    | other -> failwith $"%A{other}"

[<Fact>]
let ``a segment without a step is tried again`` () =
    let _, commands = answered untilSegment0 (Event.Completed("segment/0", 1, CommandResult.SegmentDone(0, "a", 1.0, Nullable())))
    Assert.Equal("backoff/segment/0", (List.exactlyOne commands).Id)

[<Fact>]
let ``a result of another kind is a permanent fault`` () =
    let ended, _ = answered started (Event.Completed("baseline", 1, CommandResult.GateDone true))
    Assert.True ended.Outcome.IsSome

[<Fact>]
let ``an impossible plan fails with its reasons`` () =
    let ended = FineTuningDecider.Fold [ Event.Started { plan with Steps = 0; SegmentLength = -1; BackoffSeconds = nan } ]
    match ended.Outcome with
    | Some(Outcome.Failed("", fault)) ->
        Assert.Equal(FaultKind.BadInput, fault.Kind)
        Assert.Contains("steps is 0; the segment length is -1; the backoff is NaN", fault.Message)
    | other -> failwith $"%A{other}"

[<Fact>]
let ``a plan at the top of 32 bits does not overflow`` () =
    let most = { plan with Steps = Int32.MaxValue; SegmentLength = Int32.MaxValue - 1; RefreshEvery = 0 }
    let reached = FineTuningDecider.Fold [ Event.Started most ]
    let rec go (state: State) n =
        if n = 0 then state
        else
            let command = Array.head (FineTuningDecider.Outstanding state)
            let struct (next, _) = FineTuningDecider.Decide(state, Driver.success command)
            go next (n - 1)
    let ended = go reached 9
    Assert.Equal<int>([| Int32.MaxValue - 1; Int32.MaxValue |], ended.Segments |> Array.map _.ReachedStep)

[<Fact>]
let ``the plan of a job holds its numbers`` () =
    let spec = AlignGuard.Domain.Tests.Spec.JobSpecs.minimalSpec
    Assert.Equal(
        { Steps = 300; SegmentLength = 500; RefreshEvery = 50; Guarded = true; Drift = DriftSchedule.Segment; Approval = false; Attempts = 3; BackoffSeconds = 2.0; Seed = 0L; Patience = 0; MinDelta = 0.0 },
        Plan.Of spec
    )
    Assert.False (Plan.Of { spec with Method = Method.Lora }).Guarded

[<Fact>]
let ``what the gate leaves to a person waits for one, though the job asks for no approval`` () =
    let rec go (state: State) (commands: string list) =
        match Array.tryExactlyOne state.Outstanding with
        | None -> state, List.rev commands
        | Some command ->
            let event = if command.Work = Work.Gate then Event.Completed(command.Id, command.Attempt, CommandResult.GateDisputed) else Driver.success command
            let struct (next, _) = FineTuningDecider.Decide(state, event)
            go next (command.Id :: commands)

    let struct (begun, _) = FineTuningDecider.Decide(FineTuningDecider.Initial, Event.Started { Driver.plan with Approval = false })
    let ended, commands = go begun []
    Assert.Equal(Some Outcome.Accepted, ended.Outcome)
    Assert.Equal<string list>([ "gate"; "approval"; "publish" ], commands |> List.skip (commands.Length - 3))

/// A run whose evaluation losses are these, one a multiple of the segment's length: the step at which training ended.
let private endedAt (patience, minDelta) (losses: float list) =
    let plan = { Driver.plan with Steps = 50; SegmentLength = 5; RefreshEvery = 0; Guarded = false; Drift = DriftSchedule.Final; Patience = patience; MinDelta = minDelta }
    let rec go (state: State) (losses: float list) =
        match Array.tryExactlyOne state.Outstanding, losses with
        | None, _ -> state
        | Some { Id = id; Attempt = attempt; Work = Work.Segment(index, _, toStep, _, _) }, loss :: rest ->
            let struct (next, _) = FineTuningDecider.Decide(state, Event.Completed(id, attempt, CommandResult.SegmentDone(toStep, $"s/{index}", 1.0, Nullable loss)))
            go next rest
        | Some { Work = Work.Segment _ }, [] -> failwith "no loss left"
        | Some command, _ ->
            let result =
                match command.Work with
                | Work.Baseline -> CommandResult.BaselineDone
                | Work.DriftCheck _ -> CommandResult.DriftDone { Refusal = Nullable(); OverRefusal = Nullable(); Helpful = Nullable(); Task = Nullable(); RefusalMargin = Nullable(); KlPerToken = Nullable(); Artifact = "d" }
                | Work.Gate -> CommandResult.GateDone true
                | _ -> CommandResult.Published "p"
            let struct (next, _) = FineTuningDecider.Decide(state, Event.Completed(command.Id, command.Attempt, result))
            go next losses
    let struct (begun, _) = FineTuningDecider.Decide(FineTuningDecider.Initial, Event.Started plan)
    let ended = go begun losses
    Assert.Equal(Some Outcome.Accepted, ended.Outcome)
    ended.Step

[<Fact>]
let ``training ends early when the evaluation loss gained nothing for as long as the patience lasts, and goes on to the gate`` () =
    let falling = [ for n in 1..10 -> 10.0 / float n ]
    Assert.Equal(50, endedAt (2, 0.0) falling)
    Assert.Equal(50, endedAt (0, 0.0) [ for _ in 1..10 -> 1.0 ])
    Assert.Equal(15, endedAt (2, 0.0) [ 3.0; 3.0; 3.0 ])
    Assert.Equal(25, endedAt (2, 0.0) [ 3.0; 3.1; 2.0; 2.5; 2.0 ])
    // A gain of less than minDelta is none; a loss that is no number is none either.
    Assert.Equal(15, endedAt (2, 0.5) [ 3.0; 2.9; 2.8 ])
    Assert.Equal(10, endedAt (1, 0.0) [ 3.0; nan ])
