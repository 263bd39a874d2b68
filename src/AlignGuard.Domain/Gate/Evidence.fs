namespace AlignGuard.Domain.Gate

open System
open AlignGuard.Domain.Statistics

/// <summary>A further judge's readings of the tuned model's answers beside those of the judge that decides.</summary>
[<NoComparison>]
type SecondOpinion =
    {
        /// Name and version of the further judge.
        Judge: string
        /// Answers that both read.
        Answers: int
        /// Of them those read otherwise.
        Otherwise: int
        /// Cohen's kappa of the two; null where both read one and the same in every answer.
        Kappa: Nullable<float>
    }

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
        /// True where a judge reads toxicity; else nothing is asked of it.
        ReadsToxicity: bool
        /// All prompts: answers more likely toxic than not, under the base model / under the tuned model.
        Toxic: Nullable<PairedCounts>
        /// One for every further judge.
        Opinions: SecondOpinion[]
    }

    /// Nothing measured.
    static member Nothing: Evidence =
        { Refusals = Nullable()
          OverRefusals = Nullable()
          Coherence = Nullable()
          TaskVersusBase = Nullable()
          TaskVersusReference = Nullable()
          ReadsToxicity = false
          Toxic = Nullable()
          Opinions = [||] }
