namespace AlignGuard.Domain.Tests.FineTuning

open System
open FsCheck.FSharp
open AlignGuard.Domain.FineTuning
open AlignGuard.Domain.Spec

/// A driver in memory: answers commands as a script of random numbers says, at least once, sometimes late or twice.
module Driver =

    let plan: Plan =
        { Steps = 12; SegmentLength = 5; RefreshEvery = 4; Guarded = true; Drift = DriftSchedule.Segment; Approval = false; Attempts = 3; BackoffSeconds = 2.0; Seed = 0L; Patience = 0; MinDelta = 0.0 }

    let summary: DriftSummary =
        { Refusal = Nullable 0.99; OverRefusal = Nullable 0.01; Helpful = Nullable(); Task = Nullable(); RefusalMargin = Nullable 3.5; KlPerToken = Nullable 0.01
          Artifact = "drift/0.jsonl" }

    let fault kind : Fault = { Kind = kind; Message = "it broke" }

    /// The success of a command; a segment reaches its end.
    let success (command: Command) =
        let completed result = Event.Completed(command.Id, command.Attempt, result)

        match command.Work with
        | Work.Baseline -> completed CommandResult.BaselineDone
        | Work.Fisher _ -> completed CommandResult.FisherDone
        | Work.Decompose refresh -> completed (CommandResult.DecomposeDone [| $"refresh {refresh}: energy 0.79" |])
        | Work.Segment(index, _, toStep, _, _) -> completed (CommandResult.SegmentDone(toStep, $"segments/{index}", 1.5, Nullable()))
        | Work.DriftCheck _ -> completed (CommandResult.DriftDone summary)
        | Work.Gate -> completed (CommandResult.GateDone true)
        | Work.Approval -> completed (CommandResult.ApprovalDone(true, "ann"))
        | Work.Publish _ -> completed (CommandResult.Published "models/m")
        | Work.Backoff(forCommand, _) -> Event.BackoffElapsed(forCommand, command.Attempt)

    let private withResult (command: Command) result = Event.Completed(command.Id, command.Attempt, result)

    /// What may go wrong.
    type Weather =
        { Transient: bool
          Partial: bool
          Duplicates: bool
          Fatal: bool
          Reject: bool
          Cancel: bool }

    let calm = { Transient = false; Partial = false; Duplicates = false; Fatal = false; Reject = false; Cancel = false }
    let storm = { Transient = true; Partial = true; Duplicates = true; Fatal = true; Reject = true; Cancel = true }

    /// The events that answer a command, first to last.
    let private answer (weather: Weather) (plan: Plan) (command: Command) (dice: int) : Event list =
        let face = dice % 12

        match command.Work with
        | Work.Backoff _ -> [ success command ]
        // The last attempt succeeds here unless a failure for good is wanted.
        | _ when weather.Transient && face <= 2 && (weather.Fatal || command.Attempt < plan.Attempts) ->
            [ Event.Failed(command.Id, command.Attempt, fault FaultKind.Transient) ]
        | _ when weather.Fatal && dice % 60 = 59 -> [ Event.Failed(command.Id, command.Attempt, fault FaultKind.DataChanged) ]
        | Work.Segment(index, fromStep, toStep, _, _) when weather.Partial && face = 3 && toStep - fromStep > 1 ->
            let reached = fromStep + 1 + (dice / 12) % (toStep - fromStep - 1)
            [ withResult command (CommandResult.SegmentDone(reached, $"segments/{index}", 1.5, Nullable())) ]
        | Work.Gate when weather.Reject && face >= 9 -> [ withResult command (CommandResult.GateDone false) ]
        | Work.Gate when weather.Reject && face >= 7 -> [ withResult command CommandResult.GateDisputed ]
        | Work.Approval when weather.Reject && face >= 9 -> [ withResult command (CommandResult.ApprovalDone(false, "ann")) ]
        | _ when weather.Cancel && dice % 97 = 96 -> [ Event.CancelRequested; success command ]
        | _ -> [ success command ]

    /// Events that must not matter: what was answered before, again, and answers to what was never asked.
    let private noise (history: Event list) (dice: int) =
        let old = match history with [] -> [] | _ -> [ List.item (dice % history.Length) history ]

        let isCancel = function Event.CancelRequested -> true | _ -> false

        (old |> List.filter (isCancel >> not))
        @ [ Event.Completed("segment/999", 1, CommandResult.SegmentDone(5, "x", 0.0, Nullable()))
            Event.Failed("baseline", 77, fault FaultKind.Permanent)
            Event.BackoffElapsed("segment/0", 55) ]

    /// Runs to the end; gives the whole history, oldest first. Fails beyond the bound that every run keeps.
    let run (weather: Weather) (plan: Plan) (script: int[]) : Event list =
        let roll i = if script.Length = 0 then 11 else abs script[i % script.Length] + i * 7919

        // Each command at most Attempts times, each with a wait before; a partial segment makes at least one step.
        let commands = 4 + plan.Steps + 2 * (plan.Steps + 1) + plan.Steps
        let bound = 2 * plan.Attempts * commands

        let rec go i (state: State) (history: Event list) =
            if FineTuningDecider.IsTerminal state then
                List.rev history
            elif i > bound then
                failwith $"The run has not ended after {bound} answers: %A{state}"
            else
                match FineTuningDecider.Outstanding state with
                | [||] -> failwith $"The run waits for nothing: %A{state}"
                | outstanding ->
                    let answers = answer weather plan outstanding[0] (roll i)

                    let events =
                        if weather.Duplicates && roll i % 3 = 0 then noise history (roll (i + 1)) @ answers @ answers
                        else answers

                    let next = events |> List.fold (fun s e -> let struct (n, _) = FineTuningDecider.Decide(s, e) in n) state
                    go (i + 1) next (List.rev events @ history)

        let started = Event.Started plan
        go 0 (FineTuningDecider.Fold [ started ]) [ started ]

    let plans =
        gen {
            let! steps = Gen.choose (1, 40)
            let! segment = Gen.choose (1, 15)
            let! refresh = Gen.choose (0, 12)
            let! guarded = Gen.elements [ true; true; false ]
            let! drift = Gen.oneof [ Gen.elements [ DriftSchedule.Segment; DriftSchedule.Final ]; Gen.map DriftSchedule.Steps (Gen.choose (1, 15)) ]
            let! attempts = Gen.choose (1, 4)
            let! approval = Gen.elements [ true; false; false ]
            let! seed = Gen.choose (0, 1000)

            return
                { Steps = steps; SegmentLength = segment; RefreshEvery = refresh; Guarded = guarded; Drift = drift; Approval = approval; Attempts = attempts
                  BackoffSeconds = 2.0; Seed = int64 seed; Patience = 0; MinDelta = 0.0 }
        }

    type Arbitraries =
        static member Plan() = Arb.fromGen plans
        static member Script() = Arb.fromGen (Gen.arrayOfLength 40 (Gen.choose (0, 1_000_000)))
