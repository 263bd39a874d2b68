module AlignGuard.Domain.Tests.Sweeps.SweepDeciderLaws

open FsCheck.Xunit
open Xunit
open AlignGuard.Domain.Sweeps
open AlignGuard.Domain.Tests
open AlignGuard.Domain.Tests.Sweeps.SweepDriver

let private decide state event =
    let struct (next, commands) = SweepDecider.Decide(state, event)
    next, commands

/// States after each prefix, beginning with the initial one.
let private states history = List.scan (fun s e -> decide s e |> fst) SweepDecider.Initial history

/// Every command issued in the course of a history, in order.
let private issued history =
    let step (s, commands) e =
        let next, found = decide s e
        next, commands @ List.ofArray found

    history |> List.fold step (SweepDecider.Initial, []) |> snd

let private ids (commands: SweepCommand seq) = commands |> Seq.map (fun c -> c.Id, c.Attempt) |> List.ofSeq

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``every sweep ends, each cell with one result`` (plan: SweepPlan, script: int[]) =
    let ended = SweepDecider.Fold(run storm plan script)

    SweepDecider.IsTerminal ended
    && SweepDecider.Outstanding(ended).Length = 0
    && ended.Results.Length = plan.Cells.Length
    && (ended.Cells |> Array.map _.Index) = (plan.Cells |> Array.map _.Index)

[<Fact>]
let ``cells end in every way`` () =
    let ended =
        FsCheck.FSharp.Gen.sample 300 (FsCheck.FSharp.Gen.zip plans (FsCheck.FSharp.Gen.arrayOfLength 60 (FsCheck.FSharp.Gen.choose (0, 1_000_000))))
        |> Seq.map (fun (plan, script) -> SweepDecider.Fold(run storm plan script))
        |> List.ofSeq

    let outcomes = ended |> Seq.collect _.Results |> Seq.map (fun r -> string r.Outcome) |> Set.ofSeq
    Assert.Equal<string>([ "accepted"; "cancelled"; "failed"; "hopeless"; "rejected" ], outcomes)
    // The laws below speak of later attempts too.
    Assert.Contains(ended, fun s -> s.Attempt = 3)
    Assert.Contains(ended, fun s -> s.Attempt > 1 && not (s.Results |> Array.exists _.Outcome.IsFailed))

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``a cell has at most one result, and keeps it unless the sweep is given again`` (plan: SweepPlan, script: int[]) =
    let kept (before: SweepState, after: SweepState) =
        after.Attempt > before.Attempt
        || Array.forall2 (fun (a: CellState) (b: CellState) -> a.Result.IsNone || a.Result = b.Result) before.Cells after.Cells

    states (run storm plan script) |> List.filter _.Plan.IsSome |> List.pairwise |> List.forall kept

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``no more than the plan allows is at work, and no place is left empty`` (plan: SweepPlan, script: int[]) =
    states (run storm plan script)
    |> List.forall (fun s ->
        let atWork = s.Outstanding |> Array.filter (fun c -> not c.Work.IsStopCell) |> Array.length
        let idle = s.Cells |> Array.filter (fun c -> c.Result.IsNone && not (s.IsRunning c.Index))

        let couldStart =
            idle |> Array.exists (fun c -> s.Shared |> Array.exists (fun k -> k.Key = c.SharedKey && not k.Preparation.IsAtWork))

        atWork <= plan.Parallel && (atWork = plan.Parallel || not couldStart))

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``replaying any prefix from the log reaches the same state and the same outstanding commands`` (plan: SweepPlan, script: int[]) =
    let history = run storm plan script
    // Through the text of the log, as after a restart.
    let reread = history |> List.map (SweepEventCodec.Write >> SweepEventCodec.Read >> (function Ok e -> e | Error why -> failwith why))

    states history
    |> List.indexed
    |> List.forall (fun (n, state) ->
        let replayed = SweepDecider.Fold(List.take n reread)
        replayed = state && SweepDecider.Outstanding replayed = SweepDecider.Outstanding state)

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``what is outstanding is what was issued and not answered`` (plan: SweepPlan, script: int[]) =
    // A driver's own table: add what Decide returns, remove what an event answers; the end of a run answers its stop too.
    let answers (event: SweepEvent) (id, attempt) =
        match event with
        | SweepEvent.Prepared(key, a) | SweepEvent.PrepareFailed(key, a, _) -> ("prepare/" + key, a) = (id, attempt)
        | SweepEvent.CellEnded(cell, a, _) -> a = attempt && (id = $"cell/{cell}" || id = $"stop/{cell}")
        | SweepEvent.Stopped(cell, a) -> ($"stop/{cell}", a) = (id, attempt)
        | SweepEvent.Started _ | SweepEvent.Progressed _ | SweepEvent.CancelRequested | SweepEvent.Retried _ -> false

    let step (state, table, good) event =
        let next, commands = decide state event
        let left = table |> List.filter (answers event >> not)
        let table = left @ ids commands
        next, table, good && table = ids (SweepDecider.Outstanding next)

    let _, _, good = run storm plan script |> List.fold step (SweepDecider.Initial, [], true)
    good

[<Property(Arbitrary = [| typeof<Arbitraries> |], MaxTest = 50)>]
let ``repeating any event of the past changes nothing`` (plan: SweepPlan, script: int[]) =
    let history = run { storm with Duplicates = false; Cancel = false } plan script
    let reached = states history |> Array.ofList
    let events = Array.ofList history

    seq {
        for n in 1 .. events.Length do
            for past in 0 .. n - 1 -> decide reached[n] events[past] = (reached[n], [||])
    }
    |> Seq.forall id

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``a cancelled sweep hears no repetition either, and stays cancelled`` (plan: SweepPlan, script: int[]) =
    let history = run storm plan script
    let ended = SweepDecider.Fold history

    not ended.Cancelling
    || (SweepDecider.RetryEvent ended :: history |> List.forall (fun e -> decide ended e = (ended, [||]))
        && SweepDecider.Retry ended = ended)

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``unknown events change nothing`` (plan: SweepPlan, script: int[], key: string | null, attempt: int, cell: uint16) =
    let key = "x" + orEmpty key
    let cell = 100 + int cell

    states (run storm plan script)
    |> List.forall (fun s ->
        [ SweepEvent.Prepared(key, attempt)
          SweepEvent.PrepareFailed(key, attempt, fault "x")
          SweepEvent.Progressed(cell, attempt, progress 9 0)
          SweepEvent.CellEnded(cell, attempt, result CellOutcome.Accepted)
          SweepEvent.Stopped(cell, attempt)
          SweepEvent.Retried(s.Attempt + 2) ]
        |> List.forall (fun e -> decide s e = (s, [||])))

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``a cell runs only after its key is prepared`` (plan: SweepPlan, script: int[]) =
    states (run storm plan script)
    |> List.forall (fun s ->
        plan.Cells
        |> Array.forall (fun cell ->
            not (s.IsRunning cell.Index) || s.Shared |> Array.exists (fun k -> k.Key = cell.SharedKey && k.Preparation = Preparation.Done)))

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``each key is prepared once, each cell runs once and is stopped once`` (plan: SweepPlan, script: int[]) =
    let commands = issued (run { storm with Retries = 0 } plan script) |> List.map _.Id
    commands = List.distinct commands

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``a sweep given again issues only what failed, once`` (plan: SweepPlan, script: int[]) =
    let history = run { storm with Cancel = false } plan script
    let commands = issued history |> ids
    let failedBefore attempt (s: SweepState) = s.Attempt = attempt && SweepDecider.IsTerminal s

    let again (command: SweepCommand) =
        command.Attempt = 1
        || (let before = states history |> List.findBack (failedBefore (command.Attempt - 1))

            match command.Work with
            | SweepWork.Prepare(key, _) -> before.Shared |> Array.exists (fun k -> k.Key = key && k.Preparation.IsFailed)
            | SweepWork.RunCell cell | SweepWork.StopCell(cell, _) -> before.Cells[cell].Result.Value.Outcome.IsFailed)

    commands = List.distinct commands && issued history |> List.forall again

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``failed cells and keys do not stop others`` (plan: SweepPlan, script: int[]) =
    let history = run { storm with Cancel = false; Retries = 0 } plan script
    let ended = SweepDecider.Fold history
    let ran = issued history |> List.choose (fun c -> match c.Work with SweepWork.RunCell cell -> Some cell | _ -> None) |> Set.ofList

    let expected =
        set [ for cell in plan.Cells do
                  if ended.Shared |> Array.exists (fun k -> k.Key = cell.SharedKey && k.Preparation = Preparation.Done) then cell.Index ]

    let failedWithKey (cell: CellState) =
        match ended.Shared |> Array.find (fun k -> k.Key = cell.SharedKey) |> _.Preparation with
        | Preparation.Failed f -> cell.Result = Some(CellResult.NotRun(CellOutcome.Failed f.Message))
        | _ -> true

    ran = expected && Array.forall failedWithKey ended.Cells

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``trying again until nothing fails ends as if nothing had failed`` (plan: SweepPlan, script: int[]) =
    let rec again (state: SweepState) (history: SweepEvent list) =
        if state.Results |> Array.exists _.Outcome.IsFailed then
            // Good weather from here on.
            let events = [ SweepDecider.RetryEvent state ]
            let rec settle (s: SweepState) (events: SweepEvent list) =
                match SweepDecider.Outstanding s with
                | [||] -> s, events
                | outstanding ->
                    let event =
                        match outstanding[0].Work with
                        | SweepWork.Prepare(key, _) -> SweepEvent.Prepared(key, outstanding[0].Attempt)
                        | SweepWork.RunCell cell -> SweepEvent.CellEnded(cell, outstanding[0].Attempt, result CellOutcome.Accepted)
                        | SweepWork.StopCell(cell, _) -> SweepEvent.Stopped(cell, outstanding[0].Attempt)
                    settle (decide s event |> fst) (events @ [ event ])
            let settled, events = settle (SweepDecider.Retry state) events
            again settled (history @ events)
        else
            state, history

    let history = run { storm with Cancel = false; Retries = 0 } plan script
    let ended, all = again (SweepDecider.Fold history) history

    SweepDecider.IsTerminal ended
    && SweepDecider.Fold all = ended
    && ended.Shared |> Array.forall (fun k -> k.Preparation = Preparation.Done)

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``cancelling issues stops for what runs and nothing after`` (plan: SweepPlan, script: int[], cut: uint16) =
    let history = run { storm with Cancel = false; Retries = 0 } plan script
    let state = SweepDecider.Fold(List.take (int cut % history.Length + 1) history)
    let cancelled, commands = decide state SweepEvent.CancelRequested

    let running = state.Cells |> Array.filter (fun c -> state.IsRunning c.Index && c.Stop.IsNone) |> Array.map (fun c -> $"stop/{c.Index}")
    let late = history |> List.fold (fun (s, found) e -> let n, c = decide s e in n, Array.append found c) (cancelled, [||])

    if SweepDecider.IsTerminal state then
        commands = [||] && cancelled = state
    else
        (commands |> Array.map _.Id) = running
        && snd late = [||]
        && (SweepDecider.IsTerminal(fst late) || not (Array.isEmpty (SweepDecider.Outstanding(fst late))))

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``only a run stopped as hopeless is hopeless`` (plan: SweepPlan, script: int[]) =
    (SweepDecider.Fold(run { storm with Cancel = false } plan script)).Cells
    |> Array.forall (fun cell ->
        match cell.Result.Value.Outcome, cell.Stop with
        | CellOutcome.Hopeless reason, stop -> stop = Some(StopCause.Hopeless reason)
        | CellOutcome.Cancelled, stop -> stop.IsNone
        | _ -> true)
