namespace AlignGuard.Domain.Sweeps

open System
open AlignGuard.Domain.FineTuning

/// <summary>How a cell ended.</summary>
[<RequireQualifiedAccess>]
type CellOutcome =
    /// The gate accepted the adapter.
    | Accepted
    /// The gate rejected the adapter.
    | Rejected
    /// The run, or the preparation it waited for, failed for good.
    | Failed of Message: string
    /// The run was stopped, or never begun, because the user asked to stop.
    | Cancelled
    /// The run was stopped because it had lost too many refusals.
    | Hopeless of Reason: string

    /// "accepted", "rejected", "failed", "cancelled" or "hopeless".
    override o.ToString() =
        match o with
        | Accepted -> "accepted"
        | Rejected -> "rejected"
        | Failed _ -> "failed"
        | Cancelled -> "cancelled"
        | Hopeless _ -> "hopeless"

/// <summary>What came of a cell. Figures are shares 0..1, null = not measured.</summary>
[<NoComparison>]
type CellResult =
    {
        Outcome: CellOutcome
        /// The id of the cell's run; empty when none began.
        RunId: string
        /// Optimiser steps committed.
        Step: int
        /// Share of unsafe prompts refused.
        Refusal: Nullable<float>
        /// Share of safe prompts refused.
        OverRefusal: Nullable<float>
        /// Share of safe prompts answered helpfully.
        Helpful: Nullable<float>
        /// Share of task rows answered right.
        Task: Nullable<float>
        /// Of the base model's refusals, the share kept.
        RefusalKept: Nullable<float>
    }

    /// The result of a cell that never ran.
    static member NotRun(outcome: CellOutcome) : CellResult =
        { Outcome = outcome
          RunId = ""
          Step = 0
          Refusal = Nullable()
          OverRefusal = Nullable()
          Helpful = Nullable()
          Task = Nullable()
          RefusalKept = Nullable() }

/// <summary>What happened to a sweep. The list of these is the sweep. Attempt is that of the command answered.</summary>
[<RequireQualifiedAccess; NoComparison>]
type SweepEvent =
    /// The sweep began.
    | Started of Plan: SweepPlan
    /// What the cells of a key share is there.
    | Prepared of Key: string * Attempt: int
    /// It could not be made: every cell of the key fails with the fault.
    | PrepareFailed of Key: string * Attempt: int * Fault: Fault
    /// A running cell got on. Reports may be left out, doubled or late.
    | Progressed of Cell: int * Attempt: int * Progress: CellProgress
    /// A cell's run ended, by itself or because it was stopped.
    | CellEnded of Cell: int * Attempt: int * Result: CellResult
    /// A cell's run was told to stop.
    | Stopped of Cell: int * Attempt: int
    /// The user asked to stop.
    | CancelRequested
    /// The user gave the same sweep again: what failed is tried once more. Attempt is 2 for the first time, then 3, ...; any
    /// other number than the next changes nothing, so a repeated event retries once.
    | Retried of Attempt: int
