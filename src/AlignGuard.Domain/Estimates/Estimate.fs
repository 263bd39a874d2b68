namespace AlignGuard.Domain.Estimates

open AlignGuard.Domain.Spec

/// <summary>Memory, time and money of a job before it is paid for.</summary>
[<NoComparison>]
type JobEstimate =
    { Device: Device
      Shape: ModelShape
      Precision: Precision
      LoraParameters: int64
      Memory: StageMemory list
      /// What the device has for the job: its memory less the reserve.
      UsableBytes: int64
      Time: StageTime list
      /// Segments as the decider plans them.
      Commits: int
      /// What would make it fit; empty where it fits.
      Changes: string list }

    member e.Peak = e.Memory |> List.maxBy _.Bytes
    member e.Fits = e.Peak.Bytes <= e.UsableBytes
    member e.Seconds = e.Time |> List.sumBy _.Seconds

    /// <summary>GPU seconds × price a second.</summary>
    member e.Cost(pricePerHour: float) = e.Seconds / 3600.0 * pricePerHour

module Estimate =
    /// <summary>Kept free: the driver's context, libraries' work space and fragmentation. A tenth of the memory.</summary>
    let reserve (device: Device) = device.MemoryBytes / 10L

    let private fits (m: ModelShape) (device: Device) lengths (spec: JobSpec) stage =
        Memory.stages m spec device lengths
        |> List.filter (fun s -> s.Stage = stage)
        |> List.forall (fun s -> s.Bytes <= device.MemoryBytes - reserve device)

    /// The largest value below the present one for which the stage fits.
    let private largest fitting present =
        let rec search low high = // low fits, high does not
            if high - low <= 1 then low
            else
                let middle = low + (high - low) / 2
                if fitting middle then search middle high else search low middle
        if present > 1 && fitting 1 then Some(search 1 present) else None

    let private changes (m: ModelShape) (spec: JobSpec) (device: Device) lengths =
        let usable = device.MemoryBytes - reserve device
        let weights = m.Parameters * Memory.width device spec.Train.Precision

        if weights > usable then
            [ if Memory.width device spec.Train.Precision = 4L && device.HalfFlops > 0.0 then
                  "The weights alone do not fit in float32: set train.precision to bfloat16."
              else
                  match Device.known |> List.filter (fun d -> m.Parameters * Memory.width d spec.Train.Precision <= d.MemoryBytes - reserve d) |> List.sortBy _.MemoryBytes with
                  | larger :: _ -> $"The weights alone do not fit {device.Name}: take {larger.Name}, or a smaller model."
                  | [] -> "The weights alone fit none of the known devices: take a smaller model." ]
        else
            let advise stage key present change =
                if fits m device lengths spec stage then None
                else
                    match largest (fun n -> fits m device lengths (change n) stage) present with
                    | Some n -> Some $"{stage}: {key} {present} -> {n}."
                    | None -> Some $"{stage}: does not fit with {key} 1 either."

            [ yield! advise "Baseline" "driftcheck.batch" spec.DriftCheck.Batch (fun n -> { spec with DriftCheck = { spec.DriftCheck with Batch = n } }) |> Option.toList
              if spec.IsGuarded && not (fits m device lengths spec "Fisher") then
                  let sketched = { spec with Fisher = { spec.Fisher with Form = FisherForm.Sketch } }
                  if spec.Fisher.Form = FisherForm.Dense && fits m device lengths sketched "Fisher" then "Fisher: fisher.form dense -> sketch."
                  else yield! advise "Fisher" "fisher.batch" spec.Fisher.Batch (fun n -> { spec with Fisher = { spec.Fisher with Batch = n } }) |> Option.toList
              if not (fits m device lengths spec "Segment") then
                  let sampled = { spec with Guard = { spec.Guard with ErmRows = 32 } }
                  let checkpointed = { spec with Train = { spec.Train with Checkpointing = true } }
                  if spec.IsGuarded && spec.Guard.ErmRows = 0 && fits m device lengths sampled "Segment" then "Segment: guard.ermRows 0 -> 32."
                  elif not spec.Train.Checkpointing && fits m device lengths checkpointed "Segment" then "Segment: train.checkpointing: true."
                  else
                      match largest (fun n -> fits m device lengths { spec with Train = { spec.Train with Batch = n } } "Segment") spec.Train.Batch with
                      | Some n -> $"Segment: train.batch {spec.Train.Batch} -> {n}, with train.accumulate {spec.Train.Accumulate} -> {(spec.Train.Batch * spec.Train.Accumulate + n - 1) / n} for the same rows a step."
                      | None ->
                          match largest (fun n -> fits m device lengths { spec with Train = { spec.Train with Batch = 1; SeqLen = n } } "Segment") spec.Train.SeqLen with
                          | Some n -> $"Segment: train.batch {spec.Train.Batch} -> 1 and train.seqLen {spec.Train.SeqLen} -> {n}, or a device with more memory."
                          | None -> "Segment: a device with more memory."
              yield! advise "DriftCheck" "driftcheck.batch" spec.DriftCheck.Batch (fun n -> { spec with DriftCheck = { spec.DriftCheck with Batch = n } }) |> Option.toList ]

    let make (m: ModelShape) (spec: JobSpec) (device: Device) (eff: Efficiency) (lengths: Lengths) : JobEstimate =
        { Device = device
          Shape = m
          Precision = if Memory.width device spec.Train.Precision = 2L then Precision.Bfloat16 else Precision.Float32
          LoraParameters = Memory.loraParameters m spec.Lora
          Memory = Memory.stages m spec device lengths
          UsableBytes = device.MemoryBytes - reserve device
          Time = Duration.stages m spec device eff lengths
          Commits = fst (Duration.course spec)
          Changes = changes m spec device lengths }
