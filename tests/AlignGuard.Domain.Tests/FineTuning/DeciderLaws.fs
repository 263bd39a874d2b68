module AlignGuard.Domain.Tests.FineTuning.DeciderLaws

open FsCheck.Xunit
open Xunit
open AlignGuard.Domain.FineTuning
open AlignGuard.Domain.Spec
open AlignGuard.Domain.Tests
open AlignGuard.Domain.Tests.FineTuning.Driver

let private decide state event =
    let struct (next, commands) = FineTuningDecider.Decide(state, event)
    next, commands

/// States after each prefix, beginning with the initial one.
let private states history = List.scan (fun s e -> decide s e |> fst) FineTuningDecider.Initial history

let private keys (commands: Command[]) = commands |> Array.map (fun c -> c.Id, c.Attempt) |> List.ofArray

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``every run ends`` (plan: Plan, script: int[]) =
    let ended = FineTuningDecider.Fold(run storm plan script)
    FineTuningDecider.IsTerminal ended && FineTuningDecider.Outstanding(ended).Length = 0

[<Fact>]
let ``runs end in every way`` () =
    let outcomes =
        FsCheck.FSharp.Gen.sample 600 (FsCheck.FSharp.Gen.zip plans (FsCheck.FSharp.Gen.arrayOfLength 40 (FsCheck.FSharp.Gen.choose (0, 1_000_000))))
        |> Seq.choose (fun (plan, script) -> (FineTuningDecider.Fold(run storm plan script)).Outcome)
        |> Seq.countBy (function
            | Outcome.Accepted -> "accepted"
            | Outcome.Rejected -> "rejected"
            | Outcome.Failed _ -> "failed"
            | Outcome.Cancelled -> "cancelled")
        |> Map.ofSeq

    Assert.Equal(4, outcomes.Count)

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``replaying any prefix from the log reaches the same state and the same outstanding commands`` (plan: Plan, script: int[]) =
    let history = run storm plan script
    // Through the text of the log, as after a restart.
    let reread = history |> List.map (EventCodec.Write >> EventCodec.Read >> (function Ok e -> e | Error why -> failwith why))

    states history
    |> List.indexed
    |> List.forall (fun (n, state) ->
        let replayed = FineTuningDecider.Fold(List.take n reread)
        replayed = state && FineTuningDecider.Outstanding replayed = FineTuningDecider.Outstanding state)

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``what is outstanding is what was issued and not answered`` (plan: Plan, script: int[]) =
    // A driver's own table: add what Decide returns, remove what an event answers.
    let answers (event: Event) (id, attempt) =
        match event with
        | Event.Completed(c, a, _) | Event.Failed(c, a, _) -> (c, a) = (id, attempt)
        | Event.BackoffElapsed(c, a) -> ("backoff/" + c, a) = (id, attempt)
        | Event.Started _ | Event.CancelRequested -> false

    let step (state, table, good) event =
        let next, commands = decide state event
        let left = table |> List.filter (answers event >> not)
        let table = if FineTuningDecider.IsTerminal next then [] else left @ keys commands
        next, table, good && table = keys (FineTuningDecider.Outstanding next)

    let _, _, good = run storm plan script |> List.fold step (FineTuningDecider.Initial, [], true)
    good

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``repeating any event of the past changes nothing`` (plan: Plan, script: int[]) =
    let history = run { storm with Duplicates = false; Cancel = false } plan script
    let reached = states history |> Array.ofList
    let events = Array.ofList history

    seq {
        for n in 1 .. events.Length do
            for past in 0 .. n - 1 -> decide reached[n] events[past] = (reached[n], [||])
    }
    |> Seq.forall id

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``unknown events change nothing`` (plan: Plan, script: int[], id: string | null, attempt: int) =
    let unknown = "x" + orEmpty id

    states (run storm plan script)
    |> List.forall (fun s ->
        [ Event.Completed(unknown, attempt, CommandResult.BaselineDone)
          Event.Failed(unknown, attempt, fault FaultKind.Permanent)
          Event.BackoffElapsed(unknown, attempt) ]
        |> List.forall (fun e -> decide s e = (s, [||])))

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``retrying any command changes nothing`` (plan: Plan, script: int[]) =
    let ended weather = FineTuningDecider.Fold(run weather plan script)
    ended { calm with Transient = true; Duplicates = true } = ended calm

/// All refreshes and where segments ended, cuts left out.
let private course history =
    let commands = states history |> List.collect (FineTuningDecider.Outstanding >> List.ofArray) |> List.distinct
    let refreshes = commands |> List.choose (fun c -> match c.Work with Work.Fisher(k, at, _) -> Some(k, at) | _ -> None) |> List.distinct
    let boundaries = commands |> List.choose (fun c -> match c.Work with Work.Segment(_, _, b, _, _) -> Some b | _ -> None) |> List.distinct
    let bases =
        (FineTuningDecider.Fold history).Segments
        |> Array.collect (fun s -> [| for step in s.FromStep + 1 .. s.ReachedStep -> step, Option.ofNullable s.Refresh |])
        |> List.ofArray
    refreshes, boundaries, bases

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``cuts anywhere change neither boundaries nor refreshes nor the bases of a step`` (plan: Plan, script: int[]) =
    course (run { calm with Transient = true; Partial = true; Duplicates = true } plan script) = course (run calm plan [||])

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``refreshes are at exactly the absolute multiples`` (plan: Plan, script: int[]) =
    let refreshes, _, _ = course (run { calm with Transient = true; Partial = true } plan script)
    let expected =
        if not plan.Guarded then []
        elif plan.RefreshEvery = 0 then [ 0, 0 ]
        else [ for step in 0 .. plan.RefreshEvery .. plan.Steps - 1 -> step / plan.RefreshEvery, step ]
    refreshes = expected

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``segments cover every step once, in one chain`` (plan: Plan, script: int[]) =
    let segments = (FineTuningDecider.Fold(run { calm with Transient = true; Partial = true } plan script)).Segments
    let chain = segments |> Array.pairwise |> Array.forall (fun (a, b) -> b.FromStep = a.ReachedStep && b.Index = a.Index + 1)
    chain && segments[0].FromStep = 0 && (Array.last segments).ReachedStep = plan.Steps

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``nothing is published without an accepting gate after the final check of the last step, and without the approval asked for`` (plan: Plan, script: int[]) =
    let publishing (s: State) = FineTuningDecider.Outstanding s |> Array.exists _.Work.IsPublish

    states (run storm plan script)
    |> List.forall (fun s ->
        let earned =
            s.GateAccepted.HasValue && s.GateAccepted.Value
            && (not (plan.Approval || s.Disputed) || s.Approved = System.Nullable true)
            && s.Step = plan.Steps
            && s.Drifts |> Array.exists (fun d -> d.Size = DriftSize.Final && d.Step = plan.Steps)

        (not (publishing s) || earned)
        && (s.Published.IsNone || earned)
        && ((s.Outcome = Some Outcome.Accepted) = s.Published.IsSome)
        && (s.Outcome <> Some Outcome.Rejected || s.GateAccepted = System.Nullable false || s.Approved = System.Nullable false))

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``no command is issued after cancellation, and none is tried more often than allowed`` (plan: Plan, script: int[]) =
    let step (s, good) e =
        let next, commands = decide s e
        let quiet = not (s: State).Cancelling || Array.isEmpty commands
        let bounded = commands |> Array.forall (fun c -> c.Attempt >= 1 && c.Attempt <= plan.Attempts)
        next, good && quiet && bounded

    run storm plan script |> List.fold step (FineTuningDecider.Initial, true) |> snd

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``quick checks come at the first commit at or past each due step, once`` (plan: Plan, script: int[]) =
    let ended = FineTuningDecider.Fold(run { calm with Partial = true } plan script)
    let quick = ended.Drifts |> Array.filter (fun d -> d.Size = DriftSize.Quick) |> Array.map _.Step |> Set.ofArray
    let interval =
        match plan.Drift with
        | DriftSchedule.Segment -> Some plan.SegmentLength
        | DriftSchedule.Steps n -> Some n
        | DriftSchedule.Final -> None
    let commits = ended.Segments |> Array.map _.ReachedStep
    let expected =
        match interval with
        | None -> Set.empty
        | Some n ->
            set [ for due in n .. n .. plan.Steps do
                      let first = Array.find (fun step -> step >= due) commits
                      if first < plan.Steps then first ]
    quick = expected
