namespace AlignGuard.Domain.Estimates

open AlignGuard.Domain.FineTuning
open AlignGuard.Domain.Spec

/// <summary>How long a stage takes, over the whole run.</summary>
type StageTime =
    { Stage: string
      Times: int
      /// Of all of them together.
      Seconds: float }

/// <summary>How much of a data sheet a real run gets. Assumptions, not measurements; the defaults are cautious.</summary>
type Efficiency =
    { /// Share of the peak arithmetic in training and Fisher passes. Default 0.35.
      Arithmetic: float
      /// Share of the bandwidth while answers are generated. Default 0.4.
      Bandwidth: float
      /// Double-precision multiplications and additions a second of the worker's processor, which decomposes. Default 5e10.
      ProcessorFlops: float }

module Efficiency =
    let usual = { Arithmetic = 0.35; Bandwidth = 0.4; ProcessorFlops = 5e10 }

module Duration =
    /// <summary>Multiplications and additions a row: 2 a parameter forward and 2 backward (frozen weights have no gradient), and attention's own, of which causality spares half.</summary>
    let private pass (m: ModelShape) (spans: Spans) backward =
        let linear = [ Side.Source; Side.Target ] |> List.sumBy (fun side -> 2.0 * float (m.Multiplied side) * float (spans.Of side))
        let attention =
            m.Stacks
            |> List.sumBy (fun s ->
                let own = float (spans.Of s.Reads)
                let seen = (match s.Reads with Side.Source -> 2.0 * own | Side.Target -> own) + (if s.Crosses then 2.0 * float spans.Source else 0.0)
                2.0 * float s.Layers * float m.QueryWidth * own * seen)
        let forward = linear + attention
        if backward then 2.0 * forward + attention else forward

    let private flops (device: Device) precision = if Memory.width device precision = 2L then max device.HalfFlops device.FullFlops else device.FullFlops

    /// <summary>Seconds of generating answers to so many prompts: a prefill, then a reading of weights and cache for every token.</summary>
    let private answering (m: ModelShape) (spec: JobSpec) device eff (lengths: Lengths) prompts =
        let w = Memory.width device spec.Train.Precision
        let rows = float (min spec.DriftCheck.Batch (max prompts 1))
        let batches = ceil (float prompts / float spec.DriftCheck.Batch)
        let peak = flops device spec.Train.Precision * eff.Arithmetic
        let prefill = rows * pass m (lengths.Answered(m, 0)) false / peak
        let cache = rows * float (m.Cached(lengths.Answered(m, spec.DriftCheck.MaxNewTokens))) * 2.0 * float m.KeyWidth * float w
        // A token of the target, as long as the prompt behind it is.
        let one = pass m { Source = 0L; Target = int64 lengths.Prompt } false / float lengths.Prompt
        let token = max ((float ((m.Parameters - m.OfSource) * w) + cache) / (device.Bandwidth * eff.Bandwidth)) (rows * one / peak)
        batches * (prefill + float spec.DriftCheck.MaxNewTokens * token)

    /// <summary>Number of refreshes of a run.</summary>
    let refreshes (spec: JobSpec) =
        if not spec.IsGuarded then 0
        elif spec.Guard.RefreshEvery = 0 then 1
        else 1 + (spec.Train.Steps - 1) / spec.Guard.RefreshEvery

    /// <summary>Number of segments, and of quick checks, as the decider plans them where nothing interrupts.</summary>
    let course (spec: JobSpec) =
        let plan = Plan.Of spec
        let rec go step last segments checks =
            if step >= plan.Steps then segments, checks
            else
                let next = Plan.boundary plan step
                let due = Plan.driftDue plan last next
                go next (if due then next else last) (segments + 1) (if due then checks + 1 else checks)
        go 0 0 0 0

    let stages (m: ModelShape) (spec: JobSpec) (device: Device) (eff: Efficiency) (lengths: Lengths) : StageTime list =
        let peak = flops device spec.Train.Precision * eff.Arithmetic
        let answers prompts = answering m spec device eff lengths prompts
        let times, (segments, checks) = refreshes spec, course spec
        let spans = lengths.Trained(m, spec.Train.SeqLen)
        let rows = float spec.Train.Steps * float spec.Train.Batch * float spec.Train.Accumulate
        let adapted = m.Adapted spec.Lora
        let lora = 6.0 * (adapted |> List.sumBy (fun (l, n) -> float (spans.Of l.Reads) * l.Share * float n * float spec.Lora.R * (float l.Out + float l.In)))

        let fisher =
            let spans = lengths.Answered(m, spec.DriftCheck.MaxNewTokens)
            let sides =
                adapted
                |> List.sumBy (fun (l, n) ->
                    let o, i, length = float l.Out, float l.In, float (spans.Of l.Reads)
                    l.Share
                    * float n
                    * length
                    * (if Memory.isDense spec l then 2.0 * (o * o + i * i) + 4.0 * length * (o + i)
                       else 8.0 * float (Memory.sketchColumns spec) * (o + i)))
            // The factors' products run in float32.
            float spec.Fisher.Samples * (pass m spans true / peak + sides / (device.FullFlops * eff.Arithmetic))

        let decompose =
            adapted
            |> List.sumBy (fun (l, n) ->
                float n
                * ([ l.Out; l.In ]
                   |> List.sumBy (fun d ->
                       let d, q = float d, float (Memory.sketchColumns spec)
                       if Memory.isDense spec l then 10.0 * d * d * d else 20.0 * d * q * q)))
            |> fun work -> work / eff.ProcessorFlops

        let sampled = match spec.Fisher.Kind with FisherKind.True -> times | FisherKind.Empirical -> 0
        let task rows = answers rows

        [ { Stage = "Baseline"; Times = 1; Seconds = answers spec.DriftCheck.Final + task lengths.EvalRows }
          if spec.IsGuarded then
              { Stage = "Fisher"; Times = times; Seconds = float times * fisher + float (1 + sampled) * answers spec.Fisher.Samples }
              { Stage = "Decompose"; Times = times; Seconds = float times * decompose }
          let again = if spec.Train.Checkpointing then pass m spans false else 0.0
          { Stage = "Segment"; Times = segments; Seconds = rows * (pass m spans true + lora + again) / peak }
          let quick = answers spec.DriftCheck.Size + task (min spec.DriftCheck.Size lengths.EvalRows)
          { Stage = "DriftCheck"; Times = checks + 1; Seconds = float checks * quick + answers spec.DriftCheck.Final + task lengths.EvalRows } ]
