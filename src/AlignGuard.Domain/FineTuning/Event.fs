namespace AlignGuard.Domain.FineTuning

open System

/// <summary>Why a command failed, as far as the decision what to do next depends on it.</summary>
[<RequireQualifiedAccess>]
type FaultKind =
    /// May go away by itself (a lost connection, a full queue, a pre-empted machine): tried again.
    | Transient
    /// The job, its data or its model is at fault: the user has to change something.
    | BadInput
    /// Data, model or prompts are no longer those that the run began with.
    | DataChanged
    /// Anything else that trying again will not mend.
    | Permanent

/// <summary>A failure: what kind, and a sentence for the user.</summary>
type Fault = { Kind: FaultKind; Message: string }

/// <summary>The figures of a drift check that progress displays and the run's history show; shares are 0..1, null = not measured.</summary>
[<NoComparison>]
type DriftSummary =
    {
        /// Share of unsafe prompts refused.
        Refusal: Nullable<float>
        /// Share of safe prompts refused.
        OverRefusal: Nullable<float>
        /// Share of safe prompts answered helpfully.
        Helpful: Nullable<float>
        /// Share of task rows answered right.
        Task: Nullable<float>
        /// Mean log-odds of refusing on unsafe prompts, in nats.
        RefusalMargin: Nullable<float>
        /// KL(base ‖ tuned) per token, in nats.
        KlPerToken: Nullable<float>
        /// Reference of the full result in the store.
        Artifact: string
    }

/// <summary>What a completed command gave. References only; never rows or tensors.</summary>
[<RequireQualifiedAccess; NoComparison>]
type CommandResult =
    | BaselineDone
    | FisherDone
    /// Warnings such as layers left unguarded or too little energy.
    | DecomposeDone of Warnings: string[]
    /// ReachedStep is the last optimiser step done: below the asked-for ToStep when the worker was told to stop. Loss is
    /// the mean task loss of the segment, in nats per token; EvalLoss that of the held-out rows at its end, null where it was not asked for.
    | SegmentDone of ReachedStep: int * Artifact: string * Loss: float * EvalLoss: Nullable<float>
    | DriftDone of Summary: DriftSummary
    | GateDone of Accepted: bool
    /// The gate would accept, but the judges disagree: a person decides.
    | GateDisputed
    /// A person's decision; By names them.
    | ApprovalDone of Approved: bool * By: string
    /// Reference of what is now published.
    | Published of Reference: string

/// <summary>What happened to a run. The list of these is the run.</summary>
[<RequireQualifiedAccess; NoComparison>]
type Event =
    /// The run began.
    | Started of Plan: Plan
    /// An attempt of a command succeeded.
    | Completed of CommandId: string * Attempt: int * Result: CommandResult
    /// An attempt of a command failed.
    | Failed of CommandId: string * Attempt: int * Fault: Fault
    /// The wait before this attempt of the command is over.
    | BackoffElapsed of CommandId: string * Attempt: int
    /// The user asked to stop.
    | CancelRequested
