namespace AlignGuard.Domain.Spec

open System

/// <summary>data: the rows to learn from and those that score the task.</summary>
type DataSpec =
    { Train: DataSource
      Eval: DataSource
      Format: DataFormat
      /// Words for the labels 0, 1, ... of classification rows; empty = labels as they are.
      Labels: string[]
      OnBadRow: BadRows
      /// Largest share of rows, 0..1, that may be left out with skip.
      MaxSkipped: float
      /// Rows of a micro-batch share sequences in place of padding.
      Packing: bool
      /// Rows of like length meet in a micro-batch.
      GroupByLength: bool }

/// <summary>lora: the adapter. dW = s·B·A with s = alpha/r, or alpha/√r with rsLoRA.</summary>
type LoraSpec =
    { R: int
      Alpha: float
      Dropout: float
      Targets: LoraTargets
      /// Of the targets those that get none; Named [||] = none is left out.
      Exclude: LoraTargets
      RsLora: bool
      /// LoRA+ (arXiv 2402.12354): B's learning rate is so many times A's.
      LrRatio: float
      /// DoRA (arXiv 2402.09353): the norm of every output's weights is trained by itself.
      Dora: bool }

/// <summary>train.earlyStop: training ends before its last step when the loss on data.eval no longer falls.</summary>
type EarlyStopSpec =
    { /// Multiples of train.segment without a gain before it ends; 0 = never.
      Patience: int
      /// A gain is a fall of more than this, nats a token.
      MinDelta: float }

/// <summary>train: the optimisation. Steps are optimiser steps.</summary>
[<NoComparison>]
type TrainSpec =
    { Steps: int
      Segment: int
      Batch: int
      Accumulate: int
      Lr: float
      Warmup: int
      Schedule: Schedule
      WeightDecay: float
      Clip: float
      SeqLen: int
      Seed: int64
      Precision: Precision
      /// CPU threads; null = auto.
      Threads: Nullable<int>
      /// Activations of a layer are computed again when its gradients need them.
      Checkpointing: bool
      /// A loss above so many times its running median for long is taken for divergence; 0 = not looked at.
      Watchdog: float
      /// Largest share of a segment's steps, 0..1, that may have a gradient that is not finite.
      MaxSkipped: float
      EarlyStop: EarlyStopSpec }

/// <summary>guard.rank: how many eigendirections are guarded in a layer.</summary>
type RankSpec = { Min: int; Max: int; Energy: float }

/// <summary>guard: the projector and the penalties (design.md section 4).</summary>
type GuardSpec =
    { Projector: Projector
      Rank: RankSpec
      /// Steps between two re-projections; 0 = only at step 0.
      RefreshEvery: int
      LambdaA: float
      LambdaT: float
      LambdaNC: float
      Alpha: float
      Beta: float
      H: StabilityMatrix
      Metric: Metric
      /// Rows of dW sampled a step for E_RM; 0 = all.
      ErmRows: int
      Rows: RowPolicy
      TrimAt: float }

/// <summary>fisher: the alignment data and the estimate made from it.</summary>
type FisherSpec =
    { Prompts: PromptSource
      Samples: int
      MinRefusals: int
      Kind: FisherKind
      Form: FisherForm
      Batch: int
      Oversample: int }

/// <summary>driftcheck: what is measured, and when.</summary>
type DriftCheckSpec =
    { Prompts: PromptSource
      Every: DriftSchedule
      Size: int
      Final: int
      MaxNewTokens: int
      Batch: int
      /// What reads the answers: names of built-in judges, or files. The first that reads verdicts decides.
      Judges: string[] }

/// <summary>dataGate: the training rows are read before anything is trained on them.</summary>
type DataGateSpec =
    { OnFlagged: FlaggedRows
      /// Probability, 0..1, of an unsafe request or of toxic text from which a row is flagged.
      Threshold: float
      /// Cosine of a row's words with those of the nearest alignment prompt from which it is flagged; 1 = not looked at.
      Similarity: float
      /// Mean cosine of hidden states of rows with those of the nearest alignment example, from which the data are told of, or with onFlagged: fail refused; 1 = not looked at.
      HiddenSimilarity: float
      /// Share of rows, 0..1, that may be flagged with onFlagged: fail.
      MaxFlagged: float }

/// <summary>gate: what must be shown before an adapter is published. Thresholds are fractions, not percent.</summary>
type GateSpec =
    { RefusalDrop: float
      OverRefusalRise: float
      CoherenceDrop: float
      /// Of the share of toxic answers, where a judge reads toxicity.
      ToxicityRise: float
      /// Share of answers that a further judge may read otherwise; where no less is shown, a person decides.
      Disagreement: float
      Task: TaskCriterion
      /// Confidence of each one-sided bound.
      Confidence: float
      /// Whether a person has a say between gate and publication.
      Approval: Approval }

/// <summary>retries: what happens to a command that failed for a transient reason.</summary>
type RetrySpec =
    { Attempts: int
      /// Seconds before the second attempt; doubled for each further one.
      Backoff: float }

/// <summary>A whole, valid job. Made by <c>JobFile.Parse</c>; every default is filled in.</summary>
[<NoComparison>]
type JobSpec =
    { Name: string
      /// As written; a relative path is relative to the job file's folder (see <c>JobFile.MapPaths</c>).
      Model: string
      Method: Method
      Data: DataSpec
      Lora: LoraSpec
      Train: TrainSpec
      Guard: GuardSpec
      Fisher: FisherSpec
      DriftCheck: DriftCheckSpec
      DataGate: DataGateSpec
      Gate: GateSpec
      Retries: RetrySpec }

    /// True when the method holds the update away from the alignment: Fisher and Decompose run.
    member s.IsGuarded = (s.Method = Method.AlignGuard)
