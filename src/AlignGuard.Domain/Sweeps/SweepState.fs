namespace AlignGuard.Domain.Sweeps

open AlignGuard.Domain.FineTuning

/// <summary>Where the preparation of a key stands.</summary>
[<RequireQualifiedAccess>]
type Preparation =
    /// Not asked for yet.
    | Waiting
    /// Asked for and not yet answered.
    | AtWork
    /// Its cells can run.
    | Done
    /// Its cells have failed.
    | Failed of Fault: Fault

/// <summary>Why a cell's run was asked to stop.</summary>
[<RequireQualifiedAccess>]
type StopCause =
    | Hopeless of Reason: string
    | Cancelled

/// <summary>What cells share, and where it stands.</summary>
type SharedState = { Key: string; Preparation: Preparation }

/// <summary>A cell, and where it stands.</summary>
[<NoComparison>]
type CellState =
    {
        /// The cell's index in the sweep.
        Index: int
        SharedKey: string
        /// The furthest report of its run; None (null in C#) before the first.
        Progress: CellProgress option
        /// Why its run was asked to stop; None (null in C#) when it was not.
        Stop: StopCause option
        /// None (null in C#) until the cell has ended.
        Result: CellResult option
    }

/// <summary>All that is known of a sweep. Plain data: what <c>SweepDecider.Fold</c> makes of the events.</summary>
[<NoComparison>]
type SweepState =
    {
        /// None (null in C#) before the start.
        Plan: SweepPlan option
        /// From 1; one more for each time the sweep was given again.
        Attempt: int
        /// In the order in which cells name them.
        Shared: SharedState[]
        /// In the plan's order.
        Cells: CellState[]
        /// Commands issued and not yet answered, oldest first.
        Outstanding: SweepCommand[]
        /// True once the user asked to stop.
        Cancelling: bool
    }

    /// The results so far, in the plan's order: one for each cell that has ended.
    member s.Results: CellResult[] = s.Cells |> Array.choose _.Result

    /// True while a cell's run is asked for and has not ended.
    member s.IsRunning(cell: int) =
        s.Outstanding |> Array.exists (fun command -> command.Work = SweepWork.RunCell cell)
