namespace AlignGuard.Domain.FineTuning

open System

/// <summary>A committed segment.</summary>
[<NoComparison>]
type CommittedSegment =
    {
        Index: int
        FromStep: int
        /// The last step done; the next segment begins here.
        ReachedStep: int
        /// The refresh whose bases were in force; null when unguarded.
        Refresh: Nullable<int>
        /// Reference of the adapter and optimiser state.
        Artifact: string
        /// Mean task loss, nats per token.
        Loss: float
    }

/// <summary>A finished drift check.</summary>
[<NoComparison>]
type FinishedDrift =
    {
        /// The segment whose adapter was measured.
        Segment: int
        Step: int
        Size: DriftSize
        Summary: DriftSummary
    }

/// <summary>How a run ended.</summary>
[<RequireQualifiedAccess>]
type Outcome =
    /// The gate accepted and the adapter is published.
    | Accepted
    /// The gate rejected, or a person declined; nothing was published.
    | Rejected
    /// A command failed for good; CommandId is empty when the plan itself is at fault.
    | Failed of CommandId: string * Fault: Fault
    | Cancelled

/// <summary>All that is known of a run. Plain data: what <c>FineTuningDecider.Fold</c> makes of the events.</summary>
[<NoComparison>]
type State =
    {
        /// None (null in C#) before the start.
        Plan: Plan option
        /// True once the base model is measured.
        BaselineDone: bool
        /// How many Fisher estimates are done; the next is number Fishers.
        Fishers: int
        /// How many decompositions are done; refresh number Bases − 1 is in force.
        Bases: int
        /// Warnings of the decompositions.
        Warnings: string[]
        /// The chain of commits, oldest first.
        Segments: CommittedSegment[]
        /// The lowest loss on the held-out rows; null before the first.
        BestEval: Nullable<float>
        /// How many of them followed without gaining on it.
        IdleEvals: int
        /// Oldest first.
        Drifts: FinishedDrift[]
        /// The gate's decision; null before.
        GateAccepted: Nullable<bool>
        /// True where the gate left what it would accept to a person.
        Disputed: bool
        /// A person's decision; null before, or where none is asked for.
        Approved: Nullable<bool>
        /// Reference of what was published.
        Published: string option
        /// Commands issued and not yet answered.
        Outstanding: Command[]
        /// True once the user asked to stop.
        Cancelling: bool
        /// None (null in C#) while the run goes on.
        Outcome: Outcome option
    }

    /// Optimiser steps committed so far.
    member s.Step =
        match Array.tryLast s.Segments with
        | Some segment -> segment.ReachedStep
        | None -> 0

    /// True once what runs on the same model and data share is there: the base model's measurement and the first Fisher.
    member s.IsPrepared =
        match s.Plan with
        | Some plan -> s.BaselineDone && (s.Fishers > 0 || not plan.Guarded)
        | None -> false
