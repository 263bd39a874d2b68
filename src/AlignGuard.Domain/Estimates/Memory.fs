namespace AlignGuard.Domain.Estimates

open AlignGuard.Domain.Spec

/// <summary>One part of what a stage holds at its peak, in bytes.</summary>
type MemoryPart = { What: string; Bytes: int64 }

/// <summary>What a stage holds at once, at its peak.</summary>
type StageMemory =
    { Stage: string
      Parts: MemoryPart list }

    member s.Bytes = s.Parts |> List.sumBy _.Bytes

/// <summary>Lengths that a job does not say: they are the data's and the prompts'.</summary>
type Lengths =
    { /// Tokens of a prompt with its template, at most.
      Prompt: int
      /// Tokens of a training row, at most; longer ones than train.seqLen are cut. Of an encoder–decoder those of its source.
      Row: int
      /// Tokens of it that are response and so have a loss, at most. Of an encoder–decoder those of its target.
      Response: int
      /// Rows that score the task.
      EvalRows: int }

    /// <summary>A training row as it is cut.</summary>
    member l.Trained(m: ModelShape, seqLen: int) =
        let row, response = int64 (min l.Row seqLen), int64 (min l.Response seqLen)
        if m.HasEncoder then { Source = row; Target = response } else { Source = 0L; Target = row }

    /// <summary>A prompt with so many tokens of an answer.</summary>
    member l.Answered(m: ModelShape, tokens: int) =
        if m.HasEncoder then { Source = int64 l.Prompt; Target = int64 (max 1 tokens) } else { Source = 0L; Target = int64 (l.Prompt + tokens) }

/// <summary>
/// Bytes on the device, stage by stage, counted from what autograd keeps in each layer: for rows as long as they may be. What is measured lies near it; allocators and libraries add their own.
/// </summary>
module Memory =
    let private fp32, private fp64 = 4L, 8L

    /// <summary>Sides up to this are held whole where fisher.form is auto.</summary>
    let denseUpTo = 512

    /// <summary>Bytes of a weight or an activation.</summary>
    let width (device: Device) precision =
        match precision with
        | Precision.Float32 -> 4L
        | Precision.Bfloat16 -> 2L
        | Precision.Auto -> if device.HalfFlops > 0.0 then 2L else 4L

    /// <summary>A, B, and with DoRA a norm for every output.</summary>
    let loraParameters (m: ModelShape) (lora: LoraSpec) =
        m.Adapted lora
        |> List.sumBy (fun (l, n) -> int64 n * (int64 lora.R * (int64 l.Out + int64 l.In) + (if lora.Dora then int64 l.Out else 0L)))

    let isDense (spec: JobSpec) (l: LinearShape) =
        match spec.Fisher.Form with
        | FisherForm.Dense -> true
        | FisherForm.Sketch -> false
        | FisherForm.Auto -> max l.Out l.In <= denseUpTo

    let sketchColumns (spec: JobSpec) = spec.Guard.Rank.Max + spec.Fisher.Oversample

    /// <summary>The factors of all layers as they are kept for Decompose: whole sums, or products and diagonals, in float64.</summary>
    let fisherFile (m: ModelShape) (spec: JobSpec) =
        m.Adapted spec.Lora
        |> List.sumBy (fun (l, n) ->
            int64 n
            * ([ l.Out; l.In ]
               |> List.sumBy (fun d ->
                   let d = int64 d
                   if isDense spec l then fp64 * d * d else fp64 * d * (min d (int64 (sketchColumns spec)) + 1L))))

    /// <summary>The same and, of sketches, the test matrices in float32.</summary>
    let accumulators (m: ModelShape) (spec: JobSpec) =
        let tests =
            m.Adapted spec.Lora
            |> List.sumBy (fun (l, n) ->
                if isDense spec l then 0L
                else int64 n * ([ l.Out; l.In ] |> List.sumBy (fun d -> fp32 * int64 d * min (int64 d) (int64 (sketchColumns spec)))))

        fisherFile m spec + tests

    /// <summary>
    /// Elements that the backward pass of one block needs, a row: the stream and what is normed of it at each norm, q, k and v for every head, attention's result twice, and what the feed-forward part keeps. An expert has its tokens
    /// copied and its answer weighed. Attention to the source has its keys and values from there.
    /// </summary>
    let private kept (m: ModelShape) (s: StackShape) (spans: Spans) =
        let mlp = int64 m.MlpKept * int64 m.Intermediate
        let own = 2L * int64 s.Norms * int64 m.Hidden + 5L * int64 m.QueryWidth + (if m.ExpertsPerToken = 0 then mlp else int64 m.ExpertsPerToken * (mlp + 2L * int64 m.Hidden))
        let crossed = int64 m.QueryWidth * (3L * spans.Target + 2L * spans.Source)
        spans.Of s.Reads * own + (if s.Crosses then crossed else 0L)

    /// <summary>Bytes of the scores that one block keeps, a row; shares are in float32.</summary>
    let private scores (m: ModelShape) (s: StackShape) (spans: Spans) =
        let own = spans.Of s.Reads
        int64 m.ScoresKept * fp32 * int64 m.Heads * own * (own + (if s.Crosses then spans.Source else 0L))

    /// <summary>Of all blocks together, and of the one that has most.</summary>
    let private ofBlocks (m: ModelShape) (count: StackShape -> int64) =
        m.Stacks |> List.sumBy (fun s -> int64 s.Layers * count s), m.Stacks |> List.map count |> List.max

    /// <summary>Elements that so many of every adapted layer's width make, a row, in all blocks.</summary>
    let private ofAdapted (m: ModelShape) (lora: LoraSpec) (spans: Spans) (width: LinearShape -> int) =
        m.Adapted lora |> List.sumBy (fun (l, n) -> spans.Of l.Reads * int64 (ceil (l.Share * float n * float (width l))))

    /// <summary>Inputs that dropout copies, with its masks, and the two outputs that DoRA rescales, a row, in all blocks.</summary>
    let private ofAdapter (m: ModelShape) (lora: LoraSpec) spans =
        (if lora.Dropout <= 0.0 then 0L else 2L * ofAdapted m lora spans _.In) + (if lora.Dora then 2L * ofAdapted m lora spans _.Out else 0L)

    /// <summary>Logits, their float32 copy, log-probabilities and the gradients of all three, a response token.</summary>
    let private logits (m: ModelShape) width = int64 m.Vocab * (if width = 4L then 4L * fp32 else 4L * fp32 + 2L * width)

    /// <summary>Outputs and their gradients that the Fisher's tap keeps beside what backward needs, a row, in all blocks.</summary>
    let private tapped (m: ModelShape) (spec: JobSpec) spans = 2L * ofAdapted m spec.Lora spans _.Out

    let private part what bytes = { What = what; Bytes = bytes }
    let private stage name parts = { Stage = name; Parts = parts |> List.filter (fun p -> p.Bytes > 0L) }

    /// <summary>Widest live tensors of a block without gradients, a token; at worst one expert has them all, copied and weighed.</summary>
    let private passing (m: ModelShape) = (if m.ExpertsPerToken = 0 then 3L else 6L) * int64 m.Hidden + 4L * int64 m.QueryWidth + int64 (max 3 m.MlpKept) * int64 m.Intermediate

    /// <summary>While the prompt is read: by the only stack, or by the encoder.</summary>
    let private answering (m: ModelShape) width (spec: JobSpec) (lengths: Lengths) =
        let rows, prompt = int64 spec.DriftCheck.Batch, int64 lengths.Prompt
        let reader = List.head m.Stacks
        [ part "KV cache" (rows * m.Cached(lengths.Answered(m, spec.DriftCheck.MaxNewTokens)) * 2L * int64 m.KeyWidth * width)
          part "activations" (rows * prompt * passing m * width)
          part "scores" (rows * 2L * scores m { reader with Crosses = false } { Source = prompt; Target = prompt })
          part "logits" (rows * int64 m.Vocab * (width + 2L * fp32)) ]

    /// <summary>Bases (U, V, and diagonals) and what the overlaps hold for the backward pass; ten float32 copies of every sampled entry of dW.</summary>
    let private guard (m: ModelShape) (spec: JobSpec) =
        m.Adapted spec.Lora
        |> List.sumBy (fun (l, n) ->
            let o, i, rank, r = int64 l.Out, int64 l.In, int64 spec.Guard.Rank.Max, int64 spec.Lora.R
            let rows = if spec.Guard.ErmRows = 0 then o else min o (int64 spec.Guard.ErmRows)
            int64 n * fp32 * ((o + i) * (min rank (min o i) + 2L * r + 1L) + 10L * rows * i))

    /// <summary>Every stage that the job has.</summary>
    let stages (m: ModelShape) (spec: JobSpec) (device: Device) (lengths: Lengths) : StageMemory list =
        let w = width device spec.Train.Precision
        let weights = part "weights" (m.Parameters * w)
        let lora = part "LoRA" (fp32 * loraParameters m spec.Lora)
        let answers = answering m w spec lengths
        let teacher = int64 spec.DriftCheck.Batch * int64 spec.DriftCheck.MaxNewTokens * int64 m.Vocab * (6L * fp32 + w)

        [ stage "Baseline" (weights :: answers)
          if spec.IsGuarded then
              let spans, rows = lengths.Answered(m, spec.DriftCheck.MaxNewTokens), int64 spec.Fisher.Batch
              let response = rows * int64 spec.DriftCheck.MaxNewTokens
              let widest = m.Adapted spec.Lora |> List.map (fun (l, _) -> spans.Of l.Reads * int64 (max l.Out l.In), int64 (max l.Out l.In))
              let all, one = ofBlocks m (fun s -> kept m s spans)
              let allScores, oneScores = ofBlocks m (fun s -> scores m s spans)
              stage "Fisher"
                  [ weights
                    lora
                    part "activations" (rows * (all + one + tapped m spec spans) * w)
                    part "scores" (rows * (allScores + oneScores))
                    part "logits" (response * logits m w)
                    part "Fisher accumulators" (accumulators m spec)
                    part "products" (rows * (widest |> List.map fst |> List.fold max 0L) * 3L * fp32 + rows * (widest |> List.map snd |> List.fold max 0L) * int64 (sketchColumns spec) * 2L * fp32) ]
              stage "Decompose" [ weights ]
          let spans, rows = lengths.Trained(m, spec.Train.SeqLen), int64 spec.Train.Batch
          let response = rows * int64 (min lengths.Response spec.Train.SeqLen)
          let all, one = ofBlocks m (fun s -> kept m s spans)
          let allScores, oneScores = ofBlocks m (fun s -> scores m s spans)
          // Checkpointed, every block keeps what goes in and a place for what comes out.
          let ends, _ = ofBlocks m (fun s -> 2L * spans.Of s.Reads * int64 m.Hidden)
          stage "Segment"
              [ weights
                lora
                part "gradients" lora.Bytes
                part "optimizer" (2L * lora.Bytes)
                // The block that is gone back through has its gradients beside what it kept; checkpointed, one at a time has all of it.
                part "activations" (rows * (if spec.Train.Checkpointing then ends + 2L * one + ofAdapter m spec.Lora spans / int64 m.Layers else all + one + ofAdapter m spec.Lora spans) * w)
                part "scores" (rows * (if spec.Train.Checkpointing then 2L * oneScores else allScores + oneScores))
                part "logits" (response * logits m w)
                if spec.IsGuarded then part "guard" (guard m spec) ]
          stage "DriftCheck" (weights :: lora :: part "teacher forcing" teacher :: answers)
          stage "Publish" [ weights; lora ] ]
