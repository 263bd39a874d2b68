namespace AlignGuard.Domain.FineTuning

open System

/// <summary>
/// Decides the course of a run: pure, and the same for every driver. A driver keeps a table of outstanding commands, awaits
/// any, and feeds the event back:
/// <code>
/// var state = FineTuningDecider.Fold(log);                 // empty log: the initial state
/// var todo  = FineTuningDecider.Outstanding(state);        // after a restart: what to issue again
/// var (next, commands) = FineTuningDecider.Decide(state, e);
/// </code>
/// Drivers deliver at least once: duplicate, late and unknown events change nothing.
/// </summary>
module FineTuningDecider =

    /// <summary>The state before any event.</summary>
    let Initial: State =
        { Plan = None
          BaselineDone = false
          Fishers = 0
          Bases = 0
          Warnings = [||]
          Segments = [||]
          BestEval = Nullable()
          IdleEvals = 0
          Drifts = [||]
          GateAccepted = Nullable()
          Disputed = false
          Approved = Nullable()
          Published = None
          Outstanding = [||]
          Cancelling = false
          Outcome = None }

    [<RequireQualifiedAccess; NoComparison>]
    type private Next =
        | Do of Work
        | Finish of Outcome

    let private permanent message = { Kind = FaultKind.Permanent; Message = message }

    /// What follows from the facts alone. Retries and restarts therefore cannot change the course of a run.
    let private next (plan: Plan) (s: State) : Next =
        let step = s.Step
        let last = Array.tryLast s.Segments
        let lastIndex = match last with Some segment -> Nullable segment.Index | None -> Nullable()
        let lastDrift = s.Drifts |> Array.fold (fun m d -> max m d.Step) 0
        let ended = step >= plan.Steps || (plan.Patience > 0 && s.IdleEvals >= plan.Patience)
        let asksAPerson = plan.Approval || s.Disputed
        let finalDone = s.Drifts |> Array.exists (fun d -> d.Size = DriftSize.Final)

        if not s.BaselineDone then
            Next.Do Work.Baseline
        else
            match last, Plan.refreshAt plan step with
            | Some segment, _ when not ended && Plan.driftDue plan lastDrift step ->
                Next.Do(Work.DriftCheck(segment.Index, step, DriftSize.Quick))
            | _, Some refresh when not ended && s.Fishers <= refresh -> Next.Do(Work.Fisher(refresh, step, lastIndex))
            | _, Some refresh when not ended && s.Bases <= refresh -> Next.Do(Work.Decompose refresh)
            | _ when not ended ->
                let refresh = if plan.Guarded then Nullable(s.Bases - 1) else Nullable()
                Next.Do(Work.Segment(s.Segments.Length, step, Plan.boundary plan step, refresh, lastIndex))
            | Some segment, _ when not finalDone -> Next.Do(Work.DriftCheck(segment.Index, step, DriftSize.Final))
            | _ when not s.GateAccepted.HasValue -> Next.Do Work.Gate
            | _ when not s.GateAccepted.Value -> Next.Finish Outcome.Rejected
            | _ when asksAPerson && not s.Approved.HasValue -> Next.Do Work.Approval
            | _ when asksAPerson && not s.Approved.Value -> Next.Finish Outcome.Rejected
            | Some segment, _ when s.Published.IsNone -> Next.Do(Work.Publish segment.Index)
            | _ -> Next.Finish Outcome.Accepted

    let private finish outcome s = struct ({ s with Outstanding = [||]; Outcome = Some outcome }, [||])

    let private issue command s = struct ({ s with Outstanding = [| command |] }, [| command |])

    /// Goes on after an answer; attempt is that of the next command.
    let private proceed attempt (plan: Plan) (s: State) =
        match next plan s with
        // With nothing left to do the run has its own outcome, even when cancelled in the meantime.
        | Next.Finish outcome -> finish outcome s
        | Next.Do _ when s.Cancelling -> finish Outcome.Cancelled s
        | Next.Do work -> issue (Command.create work attempt) s

    /// A loss that did not fall, or is no number, is one more without a gain.
    let private evaluated (minDelta: float) (loss: Nullable<float>) (s: State) =
        if not loss.HasValue then s
        elif Double.IsFinite loss.Value && (not s.BestEval.HasValue || loss.Value < s.BestEval.Value - minDelta) then { s with BestEval = loss; IdleEvals = 0 }
        else { s with IdleEvals = s.IdleEvals + 1 }

    /// The facts after a result, or the fault that lies in the result itself.
    let private record (minDelta: float) (work: Work) (result: CommandResult) (s: State) : Result<State, Fault> =
        match work, result with
        | Work.Baseline, CommandResult.BaselineDone -> Ok { s with BaselineDone = true }
        | Work.Fisher(refresh, _, _), CommandResult.FisherDone -> Ok { s with Fishers = refresh + 1 }
        | Work.Decompose refresh, CommandResult.DecomposeDone warnings ->
            Ok { s with Bases = refresh + 1; Warnings = Array.append s.Warnings warnings }
        | Work.Segment(index, fromStep, toStep, refresh, _), CommandResult.SegmentDone(reached, artifact, loss, evalLoss) ->
            if reached > fromStep && reached <= toStep then
                let segment =
                    { Index = index; FromStep = fromStep; ReachedStep = reached; Refresh = refresh; Artifact = artifact; Loss = loss }

                Ok(evaluated minDelta evalLoss { s with Segments = Array.append s.Segments [| segment |] })
            elif reached = fromStep then
                // Told to stop before its first step: as good as pre-empted.
                Error { Kind = FaultKind.Transient; Message = $"Segment {index} made no step beyond {fromStep}." }
            else
                Error(permanent $"Segment {index} reported step {reached}, outside {fromStep}..{toStep}.")
        | Work.DriftCheck(segment, step, size), CommandResult.DriftDone summary ->
            Ok { s with Drifts = Array.append s.Drifts [| { Segment = segment; Step = step; Size = size; Summary = summary } |] }
        | Work.Gate, CommandResult.GateDone accepted -> Ok { s with GateAccepted = Nullable accepted }
        | Work.Gate, CommandResult.GateDisputed -> Ok { s with GateAccepted = Nullable true; Disputed = true }
        | Work.Approval, CommandResult.ApprovalDone(approved, _) -> Ok { s with Approved = Nullable approved }
        | Work.Publish _, CommandResult.Published reference -> Ok { s with Published = Some reference }
        | _ -> Error(permanent $"The result does not belong to the command: {result.GetType().Name}.")

    let private failed (plan: Plan) (command: Command) (fault: Fault) (s: State) =
        if s.Cancelling then
            finish Outcome.Cancelled s
        elif fault.Kind = FaultKind.Transient && command.Attempt < plan.Attempts then
            let attempt = command.Attempt + 1
            issue (Command.create (Work.Backoff(command.Id, Backoff.delay plan command.Id attempt)) attempt) s
        else
            finish (Outcome.Failed(command.Id, fault)) s

    /// The outstanding command that an answer belongs to.
    let private answered commandId attempt (s: State) =
        s.Outstanding |> Array.tryFind (fun c -> c.Id = commandId && c.Attempt = attempt && not c.Work.IsBackoff)

    let private waited commandId attempt (s: State) =
        s.Outstanding
        |> Array.exists (fun c ->
            match c.Work with
            | Work.Backoff(forCommand, _) -> forCommand = commandId && c.Attempt = attempt
            | _ -> false)

    /// <summary>
    /// The state after an event, and the commands to start now. Events that are late, repeated or unknown give the same
    /// state and no commands.
    /// </summary>
    let Decide (state: State, event: Event) : struct (State * Command[]) =
        let unchanged = struct (state, [||])

        match event, state.Plan with
        | _ when state.Outcome.IsSome -> unchanged
        | Event.Started plan, None ->
            match Plan.faults plan with
            | [] -> proceed 1 plan { state with Plan = Some plan }
            | faults ->
                let fault = { Kind = FaultKind.BadInput; Message = "The plan is not possible: " + String.Join("; ", faults) + "." }
                finish (Outcome.Failed("", fault)) { state with Plan = Some plan }
        | Event.CancelRequested, _ when state.Cancelling -> unchanged
        | Event.CancelRequested, _ ->
            // A wait is not worth waiting for; work in progress is, since it commits what it has.
            if state.Outstanding |> Array.forall (fun c -> c.Work.IsBackoff || c.Work.IsApproval) then
                finish Outcome.Cancelled { state with Cancelling = true }
            else
                struct ({ state with Cancelling = true }, [||])
        | Event.Completed(commandId, attempt, result), Some plan ->
            match answered commandId attempt state with
            | None -> unchanged
            | Some command ->
                match record plan.MinDelta command.Work result { state with Outstanding = [||] } with
                | Ok recorded -> proceed 1 plan recorded
                | Error fault -> failed plan command fault state
        | Event.Failed(commandId, attempt, fault), Some plan ->
            match answered commandId attempt state with
            | None -> unchanged
            | Some command -> failed plan command fault state
        | Event.BackoffElapsed(commandId, attempt), Some plan when waited commandId attempt state ->
            proceed attempt plan { state with Outstanding = [||] }
        | _ -> unchanged

    /// <summary>The state after some events, from the initial one: how a run is taken up again.</summary>
    let Fold (events: Event seq) : State =
        events |> Seq.fold (fun s e -> let struct (next, _) = Decide(s, e) in next) Initial

    /// <summary>The commands issued and not yet answered: what a driver issues again after a restart.</summary>
    let Outstanding (state: State) : Command[] = Array.copy state.Outstanding

    /// <summary>True when the run has its outcome; no event changes it any more.</summary>
    let IsTerminal (state: State) : bool = state.Outcome.IsSome
