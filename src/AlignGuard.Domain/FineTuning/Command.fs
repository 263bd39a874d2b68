namespace AlignGuard.Domain.FineTuning

open System

/// <summary>Which DriftCheck: the quick one between segments or the final one that the gate reads.</summary>
[<RequireQualifiedAccess>]
type DriftSize =
    /// driftcheck.size prompts.
    | Quick
    /// driftcheck.final prompts.
    | Final

/// <summary>What a driver is asked to do. Steps are optimiser steps; segments and refreshes count from 0.</summary>
[<RequireQualifiedAccess; NoComparison>]
type Work =
    /// Measure the base model: answers to the drift prompts, task score, refusals for the Fisher.
    | Baseline
    /// Estimate the Fisher information of refresh number Refresh at W0 + dW of segment Segment (null: W0 itself), at step AtStep.
    | Fisher of Refresh: int * AtStep: int * Segment: Nullable<int>
    /// Compute eigenbases and ranks from the Fisher of refresh number Refresh.
    | Decompose of Refresh: int
    /// Train from FromStep to ToStep with the bases of refresh number Refresh (null: unguarded), starting from the commit of
    /// segment Parent (null: from the base model).
    | Segment of Index: int * FromStep: int * ToStep: int * Refresh: Nullable<int> * Parent: Nullable<int>
    /// Measure the drift of the adapter that segment Segment committed, at step Step.
    | DriftCheck of Segment: int * Step: int * Size: DriftSize
    /// Put the evidence of the final check before the gate.
    | Gate
    /// Wait until a person has approved or declined what the gate accepted.
    | Approval
    /// Publish the adapter of segment Segment. Asked for only after the gate accepted.
    | Publish of Segment: int
    /// Wait DelaySeconds, then report that the wait of this command's attempt has elapsed.
    | Backoff of ForCommand: string * DelaySeconds: float

/// <summary>A piece of work under the name by which it is answered.</summary>
[<NoComparison>]
type Command =
    {
        /// Stable over replays and retries: "baseline", "fisher/0", "decompose/0", "segment/3", "drift/3", "drift/final",
        /// "gate", "approval", "publish", "backoff/segment/3".
        Id: string
        /// From 1. Of a backoff: the attempt that follows the wait.
        Attempt: int
        Work: Work
    }

module internal Command =

    let private idOf work =
        match work with
        | Work.Baseline -> "baseline"
        | Work.Fisher(refresh, _, _) -> $"fisher/{refresh}"
        | Work.Decompose refresh -> $"decompose/{refresh}"
        | Work.Segment(index, _, _, _, _) -> $"segment/{index}"
        | Work.DriftCheck(_, _, DriftSize.Final) -> "drift/final"
        | Work.DriftCheck(segment, _, DriftSize.Quick) -> $"drift/{segment}"
        | Work.Gate -> "gate"
        | Work.Approval -> "approval"
        | Work.Publish _ -> "publish"
        | Work.Backoff(forCommand, _) -> "backoff/" + forCommand

    let create work attempt = { Id = idOf work; Attempt = attempt; Work = work }
