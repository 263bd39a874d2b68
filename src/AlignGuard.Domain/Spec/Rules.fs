namespace AlignGuard.Domain.Spec

open AlignGuard.Domain.Statistics

/// A rule across keys; it is checked only when every key it reads is itself valid.
[<NoComparison; NoEquality>]
type internal Rule =
    { /// The first is where the problem is reported.
      Reads: string list
      /// None = fine. The function tells which keys were given.
      Check: JobSpec -> (string -> bool) -> Refusal option }

module internal Rules =

    let private rule reads check = { Reads = reads; Check = check }
    let private found message hint = Some { Message = message; Hint = hint }

    let private sameFile (a: DataSource) (b: DataSource) =
        match a, b with
        | DataSource.File x, DataSource.File y -> x = y
        | _ -> false

    let errors: Rule list =
        [ rule [ "guard.rank.min"; "guard.rank.max" ] (fun s _ ->
              if s.Guard.Rank.Min <= s.Guard.Rank.Max then None
              else found $"min {s.Guard.Rank.Min} is above guard.rank.max {s.Guard.Rank.Max}." "Lower min or raise max.")
          rule [ "train.warmup"; "train.steps" ] (fun s _ ->
              if s.Train.Warmup <= s.Train.Steps then None
              else found $"a warm-up of {s.Train.Warmup} steps is longer than the run's {s.Train.Steps}." "Shorten it or raise train.steps.")
          rule [ "fisher.minRefusals"; "fisher.samples" ] (fun s _ ->
              if s.Fisher.MinRefusals <= s.Fisher.Samples then None
              else
                  found $"{s.Fisher.MinRefusals} refusals are demanded but at most {s.Fisher.Samples} (fisher.samples) are taken."
                      "Lower minRefusals or raise samples.")
          rule [ "gate.task.drop" ] (fun _ given ->
              if given "gate.task.drop" && not (given "gate.task.reference") then
                  found "a drop needs a run to compare with." "Add gate.task.reference, or use gate.task.gain."
              else None)
          rule [ "data.eval"; "data.train" ] (fun s _ ->
              if sameFile s.Data.Train s.Data.Eval then
                  found "the task would be scored on the rows it was trained on." "Name a held-out file."
              else None)
          rule [ "lora.dora"; "method" ] (fun s _ ->
              if s.Lora.Dora && s.IsGuarded then
                  found $"with DoRA the update is no product of low-rank factors: it rescales every row of W0, and method {s.Method} works on B·A." "Write dora: false, or method: lora."
              else None)
          rule [ "driftcheck.judges" ] (fun s _ ->
              if s.DriftCheck.Judges.Length > 0 then None else found "without a judge no answer is read." "Name at least one, such as [rules], or leave the key out.")
          rule [ "driftcheck.prompts"; "fisher.prompts" ] (fun s _ ->
              match s.DriftCheck.Prompts, s.Fisher.Prompts with
              | PromptSource.File a, PromptSource.File b when a = b ->
                  found "the drift would be measured on the prompts that the guard was built from." "Name a disjoint file."
              | _ -> None) ]

    let private unused (key: string) why = rule [ key ] (fun s given -> if given key then why s else None)

    let warnings: Rule list =
        [ for key in Schema.keys do
              if key.Path.StartsWith("guard.", System.StringComparison.Ordinal) || key.Path.StartsWith("fisher.", System.StringComparison.Ordinal) then
                  unused key.Path (fun s ->
                      if s.IsGuarded then None else found $"method {s.Method} has no guard: the key is ignored." "Remove it, or write method: alignguard.")
          unused "dataGate.maxFlagged" (fun s ->
              if s.DataGate.OnFlagged <> FlaggedRows.Fail then found $"with onFlagged: {s.DataGate.OnFlagged} no share of rows refuses the job: the key is ignored." "Write onFlagged: fail." else None)
          unused "gate.disagreement" (fun s ->
              if s.DriftCheck.Judges.Length < 2 then found "one judge has nobody to disagree with: the key is ignored." "Name a second in driftcheck.judges." else None)
          unused "train.earlyStop.minDelta" (fun s ->
              if s.Train.EarlyStop.Patience = 0 then found "without patience training never ends early: the key is ignored." "Add train.earlyStop.patience." else None)
          unused "guard.trimAt" (fun s ->
              if s.IsGuarded && s.Guard.Rows = RowPolicy.All then found "with rows: all no row is trimmed: the key is ignored." "Write rows: trim." else None)
          rule [ "guard.lambdaA"; "guard.lambdaT"; "guard.lambdaNC"; "method" ] (fun s _ ->
              if s.IsGuarded && s.Guard.LambdaA = 0.0 && s.Guard.LambdaT = 0.0 && s.Guard.LambdaNC = 0.0 then
                  found "all three penalties are 0: nothing is guarded." "Give lambdaA a value above 0, or write method: lora."
              else None)
          rule [ "data.packing"; "data.groupByLength"; "train.batch" ] (fun s _ ->
              if s.Data.Packing && s.Train.Batch = 1 then
                  found "with train.batch 1 there is nothing to pack: the rows of a micro-batch share sequences." "Raise train.batch (and lower train.accumulate as much), or remove packing."
              elif s.Data.Packing && s.Data.GroupByLength then
                  found "with groupByLength the rows of a micro-batch are of one length already: packing saves next to nothing." "Keep one of the two."
              else None)
          unused "guard.metric" (fun s ->
              if s.IsGuarded && s.Guard.Metric = Metric.Euclidean && s.Guard.Projector <> Projector.Soft && s.Guard.Alpha < 1.0 then
                  found $"E_geo is identically 0 for the exact projector {s.Guard.Projector} under the Euclidean metric." "Use metric: fisher-diag or projector: soft."
              else None)
          rule [ "driftcheck.final"; "driftcheck.prompts"; "gate.refusalDrop"; "gate.overRefusalRise"; "gate.confidence" ] (fun s _ ->
              let margin = min s.Gate.RefusalDrop s.Gate.OverRefusalRise
              let needed = NonInferiority.RequiredPairs(margin, s.Gate.Confidence, 1.0)

              // Half of the built-in prompts are unsafe, half are safe look-alikes.
              match s.DriftCheck.Prompts with
              | PromptSource.Builtin when not needed.HasValue || int64 (s.DriftCheck.Final / 2) < needed.Value ->
                  let enough = if needed.HasValue then $"Ask for {2L * needed.Value} or more." else "Raise the gate's thresholds."
                  found $"the gate cannot accept an unchanged model on {s.DriftCheck.Final} prompts (half unsafe, half safe)." enough
              | _ -> None) ]
