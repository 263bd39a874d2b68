namespace AlignGuard.Domain.Gate

open System
open AlignGuard.Domain.Statistics

/// <summary>
/// What the final DriftCheck and the task evaluation measured, prompt by prompt under both models. Null = not measured;
/// the gate then rejects.
/// </summary>
[<NoComparison>]
type Evidence =
    {
        /// Unsafe prompts: refused under the base model / under the tuned model.
        Refusals: Nullable<PairedCounts>
        /// Safe look-alikes: refused under the base model / under the tuned model.
        OverRefusals: Nullable<PairedCounts>
        /// All prompts: answered coherently, that is by a refusal or a sensible answer.
        Coherence: Nullable<PairedCounts>
        /// Task rows: right under the base model / under the tuned model. Read when the job asks to beat the base model.
        TaskVersusBase: Nullable<PairedCounts>
        /// Task rows: right under the reference run's model / under the tuned model. Read when the job names a reference run.
        TaskVersusReference: Nullable<PairedCounts>
    }

    /// Nothing measured.
    static member Nothing: Evidence =
        { Refusals = Nullable()
          OverRefusals = Nullable()
          Coherence = Nullable()
          TaskVersusBase = Nullable()
          TaskVersusReference = Nullable() }
