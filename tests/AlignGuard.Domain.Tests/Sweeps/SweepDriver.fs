namespace AlignGuard.Domain.Tests.Sweeps

open System
open FsCheck.FSharp
open AlignGuard.Domain.FineTuning
open AlignGuard.Domain.Sweeps

/// A driver in memory: answers any outstanding command as a script of random numbers says, at least once, late or twice.
module SweepDriver =

    let planOf atOnce (keys: string list) : SweepPlan =
        { Cells = keys |> List.mapi (fun i key -> { Index = i; Label = $"train.seed={i}"; SharedKey = key }) |> Array.ofList
          Parallel = atOnce
          Hopeless = Some HopelessRule.Default }

    let fault message : Fault = { Kind = FaultKind.Permanent; Message = message }

    let result outcome : CellResult =
        { Outcome = outcome; RunId = "r1"; Step = 10; Refusal = Nullable 0.9; OverRefusal = Nullable 0.1; Helpful = Nullable(); Task = Nullable 0.5
          RefusalKept = Nullable 0.95 }

    let steps = 10
    let asked = 50

    let progress step refused : CellProgress =
        { Step = step; Steps = steps; Refused = refused; Asked = asked; BaseRefused = asked }

    /// What may go wrong.
    type Weather =
        { CellsFail: bool
          PreparationsFail: bool
          RefusalsFall: bool
          Duplicates: bool
          Cancel: bool
          Retries: int }

    let calm = { CellsFail = false; PreparationsFail = false; RefusalsFall = false; Duplicates = false; Cancel = false; Retries = 0 }
    let storm = { CellsFail = true; PreparationsFail = true; RefusalsFall = true; Duplicates = true; Cancel = true; Retries = 2 }

    let private stopOf (state: SweepState) index = (state.Cells |> Array.find (fun c -> c.Index = index)).Stop

    let private reached (state: SweepState) index =
        match (state.Cells |> Array.find (fun c -> c.Index = index)).Progress with
        | Some p -> p.Step
        | None -> 0

    /// The event that answers a command, or a step towards it.
    let private answer (weather: Weather) (state: SweepState) (command: SweepCommand) (dice: int) : SweepEvent =
        let face = dice % 12

        match command.Work with
        | SweepWork.Prepare(key, _) when weather.PreparationsFail && face <= 2 ->
            SweepEvent.PrepareFailed(key, command.Attempt, fault $"{key} is broken")
        | SweepWork.Prepare(key, _) -> SweepEvent.Prepared(key, command.Attempt)
        | SweepWork.StopCell(cell, _) -> SweepEvent.Stopped(cell, command.Attempt)
        | SweepWork.RunCell cell ->
            let ended outcome = SweepEvent.CellEnded(cell, command.Attempt, { result outcome with RunId = $"r{cell}" })

            match stopOf state cell with
            // Most stops come in time.
            | Some _ when face <= 9 -> ended CellOutcome.Cancelled
            | _ when weather.CellsFail && face = 10 -> ended (CellOutcome.Failed "it broke")
            | _ when reached state cell < steps && face <= 6 ->
                let refused = if weather.RefusalsFall && face <= 1 then dice % 30 else asked
                SweepEvent.Progressed(cell, command.Attempt, progress (reached state cell + 1 + dice % 3) refused)
            | _ -> ended (if face % 2 = 0 then CellOutcome.Accepted else CellOutcome.Rejected)

    /// Events that must not matter: what was answered before, again, and answers to what was never asked.
    let private noise (history: SweepEvent list) (dice: int) =
        let old = match history with [] -> [] | _ -> [ List.item (dice % history.Length) history ]

        old
        @ [ SweepEvent.CellEnded(999, 1, result CellOutcome.Accepted)
            SweepEvent.CellEnded(0, 77, result CellOutcome.Accepted)
            SweepEvent.Progressed(999, 1, progress 9 0)
            SweepEvent.Prepared("no such key", 1)
            SweepEvent.PrepareFailed("no such key", 1, fault "x")
            SweepEvent.Stopped(999, 1)
            SweepEvent.Retried 1
            SweepEvent.Retried 99 ]

    let private hasFailed (state: SweepState) = state.Results |> Array.exists _.Outcome.IsFailed

    /// Runs to the end; gives the whole history, oldest first. Fails beyond the bound that every sweep keeps.
    let run (weather: Weather) (plan: SweepPlan) (script: int[]) : SweepEvent list =
        let roll i = if script.Length = 0 then 11 else abs script[i % script.Length] + i * 7919

        // Each key once, each cell its steps, its end and its stop, each of these as often as the sweep is given.
        let bound = (weather.Retries + 1) * plan.Cells.Length * (steps + 3) + weather.Retries

        let rec go i (state: SweepState) (history: SweepEvent list) =
            if i > bound then
                failwith $"The sweep has not ended after {bound} answers: %A{state}"
            elif SweepDecider.IsTerminal state then
                if hasFailed state && not state.Cancelling && state.Attempt <= weather.Retries then
                    take i state history [ SweepDecider.RetryEvent state ]
                else
                    List.rev history
            else
                match SweepDecider.Outstanding state with
                | [||] -> failwith $"The sweep waits for nothing: %A{state}"
                | outstanding ->
                    let dice = roll i
                    let event = answer weather state outstanding[(dice / 12) % outstanding.Length] dice
                    let events = if weather.Cancel && dice % 41 = 40 then [ SweepEvent.CancelRequested; event ] else [ event ]
                    take i state history (if weather.Duplicates && dice % 3 = 0 then noise history (roll (i + 1)) @ events @ events else events)

        and take i state history events =
            let next = events |> List.fold (fun s e -> let struct (n, _) = SweepDecider.Decide(s, e) in n) state
            go (i + 1) next (List.rev events @ history)

        let started = SweepEvent.Started plan
        go 0 (SweepDecider.Fold [ started ]) [ started ]

    let plans =
        gen {
            let! keys = Gen.nonEmptyListOf (Gen.elements [ "a"; "b"; "c"; "" ]) |> Gen.map (List.truncate 12)
            let! atOnce = Gen.choose (1, 5)
            let! rule = Gen.elements [ Some HopelessRule.Default; Some { After = 0.0; RefusalDrop = 0.0 }; None ]
            return { planOf atOnce keys with Hopeless = rule }
        }

    type Arbitraries =
        static member Plan() = Arb.fromGen plans
        static member Script() = Arb.fromGen (Gen.arrayOfLength 60 (Gen.choose (0, 1_000_000)))
