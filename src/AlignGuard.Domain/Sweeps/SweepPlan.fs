namespace AlignGuard.Domain.Sweeps

open System

/// <summary>A cell as the decider sees it.</summary>
type PlannedCell =
    {
        /// The index of the cell in the sweep.
        Index: int
        /// For people; decides nothing.
        Label: string
        /// Names what cells share: those of the same key start from the same baseline and the same first Fisher.
        SharedKey: string
    }

/// <summary>What decides the course of a sweep.</summary>
type SweepPlan =
    {
        /// In the order of the sweep.
        Cells: PlannedCell[]
        /// Preparations and child runs at work at once, at most; 1 or more.
        Parallel: int
        /// When to give a child run up; None (null in C#) = never.
        Hopeless: HopelessRule option
    }

    /// <summary>The plan of a sweep; <paramref name="sharedKey"/> names what a cell shares with others.</summary>
    static member Of(spec: SweepSpec, sharedKey: Func<Cell, string>) : SweepPlan =
        { Cells = spec.Cells |> Array.map (fun cell -> { Index = cell.Index; Label = cell.Label; SharedKey = sharedKey.Invoke cell })
          Parallel = spec.Parallel
          Hopeless = spec.Hopeless }

module internal SweepPlan =

    /// A plan of a valid sweep has none of these; a plan read from elsewhere may.
    let faults (plan: SweepPlan) =
        [ if plan.Cells.Length = 0 then "there are no cells"
          if plan.Parallel < 1 then $"parallel is {plan.Parallel}"
          match plan.Cells |> Array.countBy _.Index |> Array.tryFind (fun (_, n) -> n > 1) with
          | Some(index, n) -> $"the cell {index} is there {n} times"
          | None -> ()
          match plan.Hopeless with
          | Some rule when not (rule.After >= 0.0 && rule.After <= 1.0) -> $"hopeless.after is {rule.After}"
          | Some rule when not (rule.RefusalDrop >= 0.0 && rule.RefusalDrop < 1.0) -> $"hopeless.refusalDrop is {rule.RefusalDrop}"
          | _ -> () ]
