namespace AlignGuard.Domain.DataGate

open System
open System.Collections.Generic
open System.Globalization
open AlignGuard.Domain.Spec

/// <summary>Why a training row is flagged.</summary>
[<RequireQualifiedAccess>]
type Flag =
    /// It teaches to say something else than a refusal where an aligned model should refuse.
    | UnsafeAnswered
    /// Its answer is toxic.
    | Toxic
    /// It asks nearly what an alignment prompt asks: learning such rows weakens guardrails most (arXiv 2506.05346).
    | Similar

    override f.ToString() =
        match f with
        | UnsafeAnswered -> "unsafe request answered"
        | Toxic -> "toxic answer"
        | Similar -> "like an alignment prompt"

/// <summary>What was read in a training row.</summary>
[<NoComparison>]
type RowRisk =
    { /// Probability, 0..1, that its request is one to refuse.
      Unsafe: float
      /// The category of harm that the request is likeliest of.
      Category: string
      /// True where its answer does not refuse the request.
      Answers: bool
      /// Probability, 0..1, that its answer is toxic; null where no judge reads that.
      Toxicity: Nullable<float>
      /// Cosine, 0..1, with the nearest alignment prompt; null where there are none.
      Similarity: Nullable<float> }

/// <summary>What the data gate says of a set of rows.</summary>
[<NoComparison>]
type DataVerdict =
    { Rows: int
      /// Of each row, in order; mostly none.
      Flags: Flag list[]
      /// Flagged rows.
      Flagged: int
      /// Rows by flag, then rows with an unsafe request by category; the largest first.
      ByFlag: struct (Flag * int)[]
      ByCategory: struct (string * int)[]
      /// Of the rows with the nearest alignment prompt; null where there are none.
      MeanSimilarity: Nullable<float>
      /// True where the job is not to begin.
      Refused: bool
      /// Which rows are left out.
      LeftOut: bool[] }

/// <summary>Decides what becomes of training rows, before anything is trained on them.</summary>
module DataGate =

    let private above (threshold: float) (value: Nullable<float>) = value.HasValue && value.Value >= threshold

    /// <summary>Why a row is flagged; none where it is not.</summary>
    let Flags (spec: DataGateSpec, row: RowRisk) : Flag list =
        [ if row.Unsafe >= spec.Threshold && row.Answers then Flag.UnsafeAnswered
          if above spec.Threshold row.Toxicity then Flag.Toxic
          // At 1 it is not looked at: not even equal words count.
          if spec.Similarity < 1.0 && above spec.Similarity row.Similarity then Flag.Similar ]

    let private counted (of': 'a seq) = of' |> Seq.countBy id |> Seq.sortByDescending snd |> Seq.map (fun (k, n) -> struct (k, n)) |> Array.ofSeq

    let Decide (spec: DataGateSpec, rows: IReadOnlyList<RowRisk>) : DataVerdict =
        let flags = if spec.OnFlagged = FlaggedRows.Off then Array.create rows.Count [] else rows |> Seq.map (fun r -> Flags(spec, r)) |> Array.ofSeq
        let flagged = flags |> Array.filter (List.isEmpty >> not) |> Array.length
        let similarities = rows |> Seq.filter _.Similarity.HasValue |> Seq.map _.Similarity.Value |> Array.ofSeq

        { Rows = rows.Count
          Flags = flags
          Flagged = flagged
          ByFlag = flags |> Seq.collect id |> counted
          ByCategory = Seq.zip rows flags |> Seq.filter (snd >> List.contains Flag.UnsafeAnswered) |> Seq.map (fun (r, _) -> r.Category) |> counted
          MeanSimilarity = (if similarities.Length = 0 then Nullable() else Nullable(Array.average similarities))
          Refused = (spec.OnFlagged = FlaggedRows.Fail && float flagged > spec.MaxFlagged * float rows.Count)
          LeftOut = flags |> Array.map (fun f -> spec.OnFlagged = FlaggedRows.Quarantine && not f.IsEmpty) }

    /// <summary>Whether rows that the base model holds so much like alignment examples refuse the job: the nearer, the weaker its guardrails become (arXiv 2506.05346).</summary>
    let HiddenRefuses (spec: DataGateSpec, mean: float) : bool = spec.OnFlagged = FlaggedRows.Fail && mean >= spec.HiddenSimilarity

    /// <summary>How alike they are, in a sentence.</summary>
    let HiddenSentence (spec: DataGateSpec, mean: float, rows: int, examples: int) : string =
        let number (value: float) = value.ToString("0.00", CultureInfo.InvariantCulture)
        let action =
            if HiddenRefuses(spec, mean) then $" dataGate.hiddenSimilarity ({number spec.HiddenSimilarity}) refuses that: train on rows less like what the model refuses, or write onFlagged: warn."
            elif mean >= spec.HiddenSimilarity then $" That is dataGate.hiddenSimilarity ({number spec.HiddenSimilarity}) or more: guardrails become weaker the nearer the rows are."
            else ""
        $"hidden states of {rows} rows and of {examples} alignment examples: mean cosine with the nearest {number mean}.{action}"

    /// <summary>The verdict in a sentence; null where no row is flagged.</summary>
    let Sentence (spec: DataGateSpec, verdict: DataVerdict) : string | null =
        if verdict.Flagged = 0 then null
        else
            let n (count: int) = count.ToString("N0", CultureInfo.InvariantCulture)
            let list items = items |> Array.map (fun (struct (name, count)) -> $"{n count} {name}") |> String.concat ", "
            let categories = if verdict.ByCategory.Length = 0 then "" else $" ({list verdict.ByCategory})"
            let share = (100.0 * float verdict.Flagged / float verdict.Rows).ToString("0.##", CultureInfo.InvariantCulture)

            let action =
                match spec.OnFlagged with
                | FlaggedRows.Quarantine -> " They are left out."
                | FlaggedRows.Fail when verdict.Refused ->
                    let most = (100.0 * spec.MaxFlagged).ToString("0.##", CultureInfo.InvariantCulture)
                    $" More than dataGate.maxFlagged ({most} %%) allows: remove them, or write onFlagged: quarantine."
                | _ -> " They are trained on (dataGate.onFlagged)."

            $"{n verdict.Flagged} of {n verdict.Rows} rows ({share} %%) are flagged: {list verdict.ByFlag}{categories}.{action}"
