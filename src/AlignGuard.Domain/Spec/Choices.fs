namespace AlignGuard.Domain.Spec

open System

// The closed choices of a job file. ToString() gives the spelling used there.

/// <summary>How the adapter is trained.</summary>
[<RequireQualifiedAccess>]
type Method =
    /// LoRA held away from the directions that carry the refusals (Das et al., arXiv 2508.02079). The default.
    | AlignGuard
    /// Plain LoRA (Hu et al., arXiv 2106.09685): the unguarded comparison.
    | Lora

    override m.ToString() =
        match m with
        | AlignGuard -> "alignguard"
        | Lora -> "lora"

/// <summary>The layout of the rows in a data file.</summary>
[<RequireQualifiedAccess>]
type DataFormat =
    /// Found out from the first row. The default.
    | Auto
    /// A list of chat turns under "messages".
    | Messages
    /// "prompt" and "completion".
    | PromptCompletion
    /// "instruction", "input" and "output".
    | Alpaca
    /// A list of turns under "conversations", each with "from" and "value".
    | ShareGpt
    /// Texts and a "label", as in GLUE: the label, or its word of data.labels, is the answer.
    | Classification
    /// A "text" each, learnt whole and without the chat template.
    | Text

    override f.ToString() =
        match f with
        | Auto -> "auto"
        | Messages -> "messages"
        | PromptCompletion -> "prompt-completion"
        | Alpaca -> "alpaca"
        | ShareGpt -> "sharegpt"
        | Classification -> "classification"
        | Text -> "text"

/// <summary>What is done about rows that cannot be used.</summary>
[<RequireQualifiedAccess>]
type BadRows =
    /// The job is refused, with every one of them. The default.
    | Fail
    /// They are left out and listed in the run's quarantine file, up to data.maxSkipped of all.
    | Skip

    override b.ToString() =
        match b with
        | Fail -> "fail"
        | Skip -> "skip"

/// <summary>The learning rate over the steps, after the warm-up.</summary>
[<RequireQualifiedAccess>]
type Schedule =
    /// Stays at lr. The default.
    | Constant
    /// Falls linearly to 0 at the last step.
    | Linear
    /// Falls along half a cosine to 0 at the last step.
    | Cosine

    override s.ToString() =
        match s with
        | Constant -> "constant"
        | Linear -> "linear"
        | Cosine -> "cosine"

/// <summary>The arithmetic of the frozen base model.</summary>
[<RequireQualifiedAccess>]
type Precision =
    /// bfloat16 on a device that computes with it, float32 elsewhere. The default.
    | Auto
    | Float32
    | Bfloat16

    override p.ToString() =
        match p with
        | Auto -> "auto"
        | Float32 -> "float32"
        | Bfloat16 -> "bfloat16"

/// <summary>P(dW), the part of the update that touches the alignment.</summary>
[<RequireQualifiedAccess>]
type Projector =
    /// U (Uᵀ dW V) Vᵀ: output directions that matter, on inputs that occur when the model refuses. The default.
    | TwoSided
    /// U Uᵀ dW: the paper's literal reading.
    | Left
    /// Weights λ/(λ+γ) in place of 0/1; not idempotent.
    | Soft
    /// Random bases with the same spectrum and rank: the control.
    | Random

    override p.ToString() =
        match p with
        | TwoSided -> "two-sided"
        | Left -> "left"
        | Soft -> "soft"
        | Random -> "random"

/// <summary>H of the task-stability penalty.</summary>
[<RequireQualifiedAccess>]
type StabilityMatrix =
    /// The identity. The default.
    | Identity
    /// The diagonal of the task's Fisher information at the base weights.
    | TaskFisher

    override h.ToString() =
        match h with
        | Identity -> "identity"
        | TaskFisher -> "task-fisher"

/// <summary>M of the geodesic overlap E_geo.</summary>
[<RequireQualifiedAccess>]
type Metric =
    /// diag(F_out) ⊗ diag(F_in). The default.
    | FisherDiag
    /// The Frobenius inner product; E_geo is then identically 0 for an exact projector.
    | Euclidean

    override m.ToString() =
        match m with
        | FisherDiag -> "fisher-diag"
        | Euclidean -> "euclidean"

/// <summary>How the rows of a batch are weighed.</summary>
[<RequireQualifiedAccess>]
type RowPolicy =
    /// All alike. The default.
    | All
    /// min(1, trimAt · median / loss of the row): rows that the guard makes unlearnable do not eat the clipped gradient.
    | Trim

    override r.ToString() =
        match r with
        | All -> "all"
        | Trim -> "trim"

/// <summary>Which labels the Fisher information takes.</summary>
[<RequireQualifiedAccess>]
type FisherKind =
    /// The given refusals. The default.
    | Empirical
    /// Responses sampled from the model itself.
    | True

    override k.ToString() =
        match k with
        | Empirical -> "empirical"
        | True -> "true"

/// <summary>How the Fisher matrices are held.</summary>
[<RequireQualifiedAccess>]
type FisherForm =
    /// Dense for small layers, sketched for large ones. The default.
    | Auto
    /// The full o×o and i×i matrices.
    | Dense
    /// A Nyström sketch; never holds the matrices.
    | Sketch

    override f.ToString() =
        match f with
        | Auto -> "auto"
        | Dense -> "dense"
        | Sketch -> "sketch"

/// <summary>Where data rows come from.</summary>
[<RequireQualifiedAccess>]
type DataSource =
    /// A set that ships with the product, written "builtin:NAME".
    | Builtin of Name: string
    /// A file as written in the job; relative paths are relative to the job file's folder.
    | File of Path: string

    override s.ToString() =
        match s with
        | Builtin name -> "builtin:" + name
        | File path -> path

/// <summary>Where prompts come from.</summary>
[<RequireQualifiedAccess>]
type PromptSource =
    /// The built-in generator, written "builtin". The default.
    | Builtin
    /// A file as written in the job; relative paths are relative to the job file's folder.
    | File of Path: string

    override s.ToString() =
        match s with
        | Builtin -> "builtin"
        | File path -> path

/// <summary>When the quick DriftCheck runs. The final one always runs after the last step.</summary>
[<RequireQualifiedAccess>]
type DriftSchedule =
    /// At every multiple of train.segment, so that guarded and plain runs are measured at the same steps. The default.
    | Segment
    /// Only the final one.
    | Final
    /// At the first commit at or past every multiple of so many steps.
    | Steps of Steps: int

    override s.ToString() =
        match s with
        | Segment -> "segment"
        | Final -> "final"
        | Steps n -> n.ToString(Globalization.CultureInfo.InvariantCulture)

/// <summary>Which linear layers get an adapter.</summary>
[<RequireQualifiedAccess>]
type LoraTargets =
    /// Every linear layer of the transformer blocks. The default.
    | AllLinear
    /// The layers whose module name ends with one of these, e.g. q_proj.
    | Named of Names: string[]
    /// The layers whose whole module name the regular expression matches, as in peft.
    | Pattern of Expression: string

    /// <summary>Whether a module is meant, by its whole name in the checkpoint.</summary>
    member t.Names(modul: string) =
        match t with
        | AllLinear -> modul <> "lm_head"
        | Named names -> names |> Array.exists (fun n -> if n = "all-linear" then modul <> "lm_head" else modul = n || modul.EndsWith("." + n, StringComparison.Ordinal))
        | Pattern expression -> Text.RegularExpressions.Regex.IsMatch(modul, $@"\A(?:{expression})\z", Text.RegularExpressions.RegexOptions.CultureInvariant ||| Text.RegularExpressions.RegexOptions.NonBacktracking)

    override t.ToString() =
        match t with
        | AllLinear -> "all-linear"
        | Named names -> String.Join(", ", names)
        | Pattern expression -> expression

/// <summary>What is done about training rows that look harmful, or much like an alignment prompt.</summary>
[<RequireQualifiedAccess>]
type FlaggedRows =
    /// Rows are not looked at.
    | Off
    /// They are counted and said. The default.
    | Warn
    /// They are left out.
    | Quarantine
    /// More of them than dataGate.maxFlagged refuse the job.
    | Fail

    override f.ToString() =
        match f with
        | Off -> "off"
        | Warn -> "warn"
        | Quarantine -> "quarantine"
        | Fail -> "fail"

/// <summary>Whether a person has a say before an accepted adapter is published.</summary>
[<RequireQualifiedAccess>]
type Approval =
    /// The gate decides alone. The default.
    | None
    /// What the gate accepts is published when a person has approved it, and not if they decline.
    | Required

    override a.ToString() =
        match a with
        | None -> "none"
        | Required -> "required"

/// <summary>What the task score has to show.</summary>
[<RequireQualifiedAccess>]
type TaskCriterion =
    /// Beat the base model's score by more than Gain (a fraction) beyond doubt.
    | BeatBase of Gain: float
    /// Be at most Drop (a fraction) below a reference run's score.
    | MatchReference of Run: string * Drop: float
