namespace AlignGuard.Domain.Sweeps

open System
open AlignGuard.Domain.FineTuning

/// <summary>
/// Decides the course of a sweep: pure, and the same for every driver. A driver keeps a table of outstanding commands,
/// awaits any, and feeds the events back:
/// <code>
/// var state = SweepDecider.Fold(log);                 // empty log: the initial state
/// var todo  = SweepDecider.Outstanding(state);        // after a restart: what to issue again
/// var (next, commands) = SweepDecider.Decide(state, e);
/// </code>
/// Drivers deliver at least once: duplicate, late and unknown events change nothing.
/// </summary>
module SweepDecider =

    /// <summary>The state before any event.</summary>
    let Initial: SweepState =
        { Plan = None; Attempt = 1; Shared = [||]; Cells = [||]; Outstanding = [||]; Cancelling = false }

    let private isWaiting (s: SweepState) (cell: CellState) = cell.Result.IsNone && not (s.IsRunning cell.Index)

    let private withPreparation key preparation (s: SweepState) =
        { s with Shared = s.Shared |> Array.map (fun shared -> if shared.Key = key then { shared with Preparation = preparation } else shared) }

    let private withCell index (change: CellState -> CellState) (s: SweepState) =
        { s with Cells = s.Cells |> Array.map (fun cell -> if cell.Index = index then change cell else cell) }

    let private without (answered: SweepCommand -> bool) (s: SweepState) =
        { s with Outstanding = s.Outstanding |> Array.filter (answered >> not) }

    let private issue work (s: SweepState) = { s with Outstanding = Array.append s.Outstanding [| SweepCommand.create work s.Attempt |] }

    /// The work that the next free place goes to: a cell that can run, and else the preparation of the next key.
    let private next (s: SweepState) : SweepWork option =
        let preparations = s.Shared |> Array.map (fun shared -> shared.Key, shared.Preparation) |> readOnlyDict
        let waiting = s.Cells |> Array.filter (isWaiting s) |> Array.sortBy _.Index
        let first preparation = waiting |> Array.tryFind (fun cell -> preparations[cell.SharedKey] = preparation)

        match first Preparation.Done, first Preparation.Waiting with
        | Some cell, _ -> Some(SweepWork.RunCell cell.Index)
        | None, Some cell -> Some(SweepWork.Prepare(cell.SharedKey, cell.Index))
        | None, None -> None

    /// Fills the free places. Once cancelled no cell waits, so none is filled.
    let rec private fill (plan: SweepPlan) (s: SweepState) : SweepState =
        let atWork = s.Outstanding |> Array.filter SweepCommand.isBounded |> Array.length

        if atWork >= plan.Parallel then
            s
        else
            match next s with
            | None -> s
            | Some(SweepWork.Prepare(key, _) as work) -> s |> withPreparation key Preparation.AtWork |> issue work |> fill plan
            | Some work -> s |> issue work |> fill plan

    /// The new state with the commands it has and the old one has not.
    let private since (old: SweepState) (s: SweepState) : struct (SweepState * SweepCommand[]) =
        struct (s, s.Outstanding |> Array.filter (fun command -> not (Array.contains command old.Outstanding)))

    let private started (plan: SweepPlan) (s: SweepState) =
        let cells result = plan.Cells |> Array.map (fun c -> { Index = c.Index; SharedKey = c.SharedKey; Progress = None; Stop = None; Result = result })

        match SweepPlan.faults plan with
        | [] ->
            let keys = plan.Cells |> Array.map _.SharedKey |> Array.distinct

            { s with
                Plan = Some plan
                Shared = keys |> Array.map (fun key -> { Key = key; Preparation = Preparation.Waiting })
                Cells = cells None }
            |> fill plan
        | faults ->
            let message = "The plan is not possible: " + String.Join("; ", faults) + "."
            { s with Plan = Some plan; Cells = cells (Some(CellResult.NotRun(CellOutcome.Failed message))) }

    /// The outstanding command under an id, if the answer is to this attempt of it.
    let private answered id attempt (s: SweepState) =
        s.Outstanding |> Array.exists (fun command -> command.Id = id && command.Attempt = attempt)

    let private stop cell cause reason (s: SweepState) =
        s |> withCell cell (fun c -> { c with Stop = Some cause }) |> issue (SweepWork.StopCell(cell, reason))

    let private cancel (s: SweepState) =
        let ended (s: SweepState) (cell: CellState) =
            if isWaiting s cell then
                s |> withCell cell.Index (fun c -> { c with Result = Some(CellResult.NotRun CellOutcome.Cancelled) })
            elif cell.Result.IsNone && cell.Stop.IsNone then
                s |> stop cell.Index StopCause.Cancelled "The sweep is cancelled."
            else
                s

        Array.fold ended { s with Cancelling = true } s.Cells

    /// Reports of the past are known by their step; a check may add its figures at the step already reported.
    let private isNews (cell: CellState) (progress: CellProgress) =
        match cell.Progress with
        | None -> true
        | Some last -> (progress.Step, progress.Asked) > (last.Step, last.Asked)

    let private progressed (plan: SweepPlan) (cell: CellState) (progress: CellProgress) (s: SweepState) =
        let s = s |> withCell cell.Index (fun c -> { c with Progress = Some progress })

        match plan.Hopeless |> Option.bind (fun rule -> Hopeless.Judge(rule, progress)) with
        | Some reason when cell.Stop.IsNone -> s |> stop cell.Index (StopCause.Hopeless reason) reason
        | _ -> s

    /// A run that was stopped as hopeless has that for its outcome; one that was past stopping keeps its own.
    let private concluded (cell: CellState) (result: CellResult) =
        match cell.Stop, result.Outcome with
        | Some(StopCause.Hopeless reason), CellOutcome.Cancelled -> { result with Outcome = CellOutcome.Hopeless reason }
        | _ -> result

    let private ended index (result: CellResult) (s: SweepState) =
        s
        |> without (fun command ->
            match command.Work with
            | SweepWork.RunCell cell | SweepWork.StopCell(cell, _) -> cell = index
            | SweepWork.Prepare _ -> false)
        |> withCell index (fun cell -> { cell with Result = Some(concluded cell result) })

    let private retried (s: SweepState) =
        let again (cell: CellState) =
            match cell.Result with
            | Some { Outcome = CellOutcome.Failed _ } -> { cell with Progress = None; Stop = None; Result = None }
            | _ -> cell

        let reset (shared: SharedState) =
            if shared.Preparation.IsFailed then { shared with Preparation = Preparation.Waiting } else shared

        { s with Attempt = s.Attempt + 1; Cells = Array.map again s.Cells; Shared = Array.map reset s.Shared }

    /// <summary>
    /// True when nothing is at work and nothing is left to do; only Retried changes the state any more, and not even that
    /// when the sweep was cancelled. A cancelled sweep waits for what is at work, a preparation too: a driver that
    /// breaks one off answers PrepareFailed.
    /// </summary>
    let IsTerminal (state: SweepState) : bool =
        (state.Plan.IsSome || state.Cancelling)
        && state.Outstanding.Length = 0
        && state.Cells |> Array.forall _.Result.IsSome

    /// <summary>
    /// The state after an event, and the commands to start now. Events that are late, repeated or unknown give the same
    /// state and no commands.
    /// </summary>
    let Decide (state: SweepState, event: SweepEvent) : struct (SweepState * SweepCommand[]) =
        let unchanged = struct (state, [||])

        match event, state.Plan with
        | SweepEvent.Started plan, None when not state.Cancelling -> started plan state |> since state
        | SweepEvent.CancelRequested, _ when not state.Cancelling && not (IsTerminal state) -> cancel state |> since state
        | SweepEvent.Prepared(key, attempt), Some plan when answered ("prepare/" + key) attempt state ->
            state
            |> without (fun command -> command.Id = "prepare/" + key)
            |> withPreparation key Preparation.Done
            |> fill plan
            |> since state
        | SweepEvent.PrepareFailed(key, attempt, fault), Some plan when answered ("prepare/" + key) attempt state ->
            let failed = Some(CellResult.NotRun(CellOutcome.Failed fault.Message))
            let fail (cell: CellState) = if cell.SharedKey = key && cell.Result.IsNone then { cell with Result = failed } else cell

            { state with Cells = Array.map fail state.Cells }
            |> without (fun command -> command.Id = "prepare/" + key)
            |> withPreparation key (Preparation.Failed fault)
            |> fill plan
            |> since state
        | SweepEvent.Progressed(index, attempt, progress), Some plan when answered $"cell/{index}" attempt state ->
            let cell = state.Cells |> Array.find (fun cell -> cell.Index = index)
            if isNews cell progress then progressed plan cell progress state |> since state else unchanged
        | SweepEvent.CellEnded(index, attempt, result), Some plan when answered $"cell/{index}" attempt state ->
            state |> ended index result |> fill plan |> since state
        | SweepEvent.Stopped(index, attempt), Some _ when answered $"stop/{index}" attempt state ->
            state |> without (fun command -> command.Id = $"stop/{index}") |> since state
        | SweepEvent.Retried attempt, Some plan when attempt = state.Attempt + 1 && not state.Cancelling && (SweepPlan.faults plan).IsEmpty ->
            retried state |> fill plan |> since state
        | _ -> unchanged

    /// <summary>The state after some events, from the initial one: how a sweep is taken up again.</summary>
    let Fold (events: SweepEvent seq) : SweepState =
        events |> Seq.fold (fun s e -> let struct (next, _) = Decide(s, e) in next) Initial

    /// <summary>The commands issued and not yet answered: what a driver issues again after a restart.</summary>
    let Outstanding (state: SweepState) : SweepCommand[] = Array.copy state.Outstanding

    /// <summary>The event that tries again what failed. It belongs in the log, as every event does.</summary>
    let RetryEvent (state: SweepState) : SweepEvent = SweepEvent.Retried(state.Attempt + 1)

    /// <summary>
    /// The state in which failed cells and failed preparations are to be done as if never tried: the state after
    /// <c>RetryEvent</c>. A cancelled sweep stays as it is.
    /// </summary>
    let Retry (state: SweepState) : SweepState =
        let struct (next, _) = Decide(state, RetryEvent state)
        next
