module AlignGuard.Domain.Tests.Estimates.EstimateTests

open System
open FsCheck.FSharp
open FsCheck.Xunit
open Xunit
open AlignGuard.Domain.Estimates
open AlignGuard.Domain.Spec
open AlignGuard.Domain.Tests.Spec

let private llama3 = ModelShape.Llama(128_256, 4_096, 14_336, 32, 32, 8, 128, false)

let private device name = (Device.find name).Value
let private lengths (spec: JobSpec) = { Prompt = 128; Row = spec.Train.SeqLen; Response = spec.Train.SeqLen; EvalRows = 1_000 }
let private estimate shape spec gpu = Estimate.make shape spec (device gpu) Efficiency.usual (lengths spec)

[<NoComparison>]
type Case = { Shape: ModelShape; Spec: JobSpec; Gpu: string; Change: int; By: int }

/// The ways to make a job larger; each has to cost memory or time and never give any back.
let private larger change by (spec: JobSpec) =
    let t, d, f, g = spec.Train, spec.DriftCheck, spec.Fisher, spec.Guard
    match change with
    | 0 -> { spec with Train = { t with Batch = t.Batch + by } }
    | 1 -> { spec with Train = { t with SeqLen = t.SeqLen + by } }
    | 2 -> { spec with Lora = { spec.Lora with R = spec.Lora.R + by } }
    | 3 -> { spec with Train = { t with Steps = t.Steps + by } }
    | 4 -> { spec with Train = { t with Accumulate = t.Accumulate + by } }
    | 5 -> { spec with Fisher = { f with Batch = f.Batch + by } }
    | 6 -> { spec with Fisher = { f with Samples = f.Samples + by } }
    | 7 -> { spec with DriftCheck = { d with Final = d.Final + by } }
    | 8 -> { spec with DriftCheck = { d with MaxNewTokens = d.MaxNewTokens + by } }
    | _ -> { spec with Guard = { g with Rank = { g.Rank with Max = g.Rank.Max + by } } }

/// The same blocks as an encoder of so many layers, which the decoder attends to; 0 = none.
let private withEncoder layers (shape: ModelShape) =
    let decoder = List.exactlyOne shape.Stacks
    if layers = 0 then shape
    else
        let encoder = { decoder with BlockName = "encoder.{0}."; Layers = layers; Reads = Side.Source; Block = decoder.Block |> List.map (fun l -> { l with Reads = Side.Source }) }
        let parameters = encoder.Block |> List.sumBy (fun l -> int64 layers * int64 l.Out * int64 l.In)
        { shape with Stacks = [ encoder; { decoder with Crosses = true } ]; Parameters = shape.Parameters + parameters }

type Cases =
    static member Case() =
        gen {
            let! layers = Gen.choose (1, 40)
            let! heads = Gen.elements [ 1; 2; 4; 8; 32 ]
            let! groups = Gen.elements [ 1; heads ]
            let! width = Gen.elements [ 16; 64; 128 ]
            let! wide = Gen.choose (8, 20_000)
            let! vocab = Gen.choose (100, 200_000)
            let! tied = Gen.elements [ true; false ]
            let! capped = Gen.elements [ true; false ]
            let! experts = Gen.elements [ 0; 2 ]
            let! encoder = Gen.choose (0, 6)
            let! batch = Gen.choose (1, 64)
            let! seqLen = Gen.choose (8, 4_096)
            let! rank = Gen.choose (1, 64)
            let! steps = Gen.choose (1, 2_000)
            let! refresh = Gen.choose (0, 500)
            let! form = Gen.elements [ FisherForm.Auto; FisherForm.Dense; FisherForm.Sketch ]
            let! method = Gen.elements [ Method.AlignGuard; Method.Lora ]
            let! gpu = Gen.elements (Device.known |> List.map _.Name)
            let! change = Gen.choose (0, 9)
            let! by = Gen.choose (1, 100)
            let s = JobSpecs.minimalSpec
            return
                { Shape = { ModelShape.Llama(vocab, heads * width, wide, layers, heads, heads / groups, width, tied) with ScoresKept = (if capped then 2 else 0); ExpertsPerToken = experts } |> withEncoder encoder
                  Spec =
                    { s with
                        Method = method
                        Train = { s.Train with Batch = batch; SeqLen = seqLen; Steps = steps; Segment = 100 }
                        Lora = { s.Lora with R = rank }
                        Guard = { s.Guard with RefreshEvery = refresh }
                        Fisher = { s.Fisher with Form = form } }
                  Gpu = gpu
                  Change = change
                  By = by }
        }
        |> Arb.fromGen

[<Property(Arbitrary = [| typeof<Cases> |], MaxTest = 300)>]
let ``a larger job takes no less of anything in any stage`` (case: Case) =
    let before, after = estimate case.Shape case.Spec case.Gpu, estimate case.Shape (larger case.Change case.By case.Spec) case.Gpu
    let memory = List.forall2 (fun (a: StageMemory) (b: StageMemory) -> a.Stage = b.Stage && b.Bytes >= a.Bytes) before.Memory after.Memory
    let time = List.forall2 (fun (a: StageTime) (b: StageTime) -> b.Seconds >= a.Seconds * (1.0 - 1e-12)) before.Time after.Time
    memory && time && after.Cost 4.0 >= before.Cost 4.0 * (1.0 - 1e-12)

[<Property(Arbitrary = [| typeof<Cases> |], MaxTest = 300)>]
let ``every byte and second is a number of its own and what does not fit has advice`` (case: Case) =
    let e = estimate case.Shape case.Spec case.Gpu
    e.Memory |> List.forall (fun s -> s.Bytes > 0L && s.Bytes = List.sumBy _.Bytes s.Parts && List.forall (fun p -> p.Bytes > 0L) s.Parts)
    && e.Time |> List.forall (fun t -> t.Times > 0 && Double.IsFinite t.Seconds && t.Seconds >= 0.0)
    && e.Fits = e.Changes.IsEmpty

[<Property(Arbitrary = [| typeof<Cases> |], MaxTest = 200)>]
let ``a batch that is advised fits and one more would not`` (case: Case) =
    let big = { case.Spec with Train = { case.Spec.Train with Batch = 4_096 } }
    let e = estimate case.Shape big case.Gpu
    let fits batch =
        let spec = { big with Train = { big.Train with Batch = batch } }
        let s = (estimate case.Shape spec case.Gpu).Memory |> List.find (fun s -> s.Stage = "Segment")
        s.Bytes <= e.UsableBytes
    match e.Changes |> List.tryFind (fun c -> c.StartsWith("Segment: train.batch 4096 -> ") && c.Contains "accumulate") with
    | None -> true
    | Some advice ->
        let n = int (advice.Substring("Segment: train.batch 4096 -> ".Length).Split(',').[0])
        fits n && not (fits (n + 1))

[<Property(Arbitrary = [| typeof<Cases> |], MaxTest = 200)>]
let ``a plain run takes no more than a guarded one`` (case: Case) =
    let guarded, plain = estimate case.Shape { case.Spec with Method = Method.AlignGuard; Guard = { case.Spec.Guard with RefreshEvery = 0 } } case.Gpu, estimate case.Shape { case.Spec with Method = Method.Lora } case.Gpu
    plain.Peak.Bytes <= guarded.Peak.Bytes && plain.Seconds <= guarded.Seconds

[<Property(Arbitrary = [| typeof<Cases> |], MaxTest = 200)>]
let ``an encoder takes memory and time where rows are read and none where tokens are written`` (case: Case) =
    let spec = { case.Spec with DriftCheck = { case.Spec.DriftCheck with MaxNewTokens = 8 } }
    let alone = { case.Shape with Stacks = case.Shape.Stacks |> List.filter (fun s -> s.Reads = Side.Target) |> List.map (fun s -> { s with Crosses = false }) }
    let pair, decoder = withEncoder 3 alone, withEncoder 2 alone
    let segment shape = (estimate shape spec case.Gpu).Time |> List.find (fun t -> t.Stage = "Segment") |> _.Seconds
    let activations shape = (Memory.stages shape spec (device case.Gpu) (lengths spec) |> List.find (fun s -> s.Stage = "Segment")).Bytes
    segment pair > segment decoder
    && activations pair > activations decoder
    && pair.Parameters - pair.OfSource = decoder.Parameters - decoder.OfSource

[<Fact>]
let ``Llama 3 8B has the parameters that its card says`` () =
    Assert.Equal(8_030_261_248L, llama3.Parameters)
    Assert.Equal(41_943_040L, Memory.loraParameters llama3 { JobSpecs.minimalSpec.Lora with R = 16; Targets = LoraTargets.AllLinear })

[<Theory>]
[<InlineData("q_proj", 32)>]
[<InlineData("self_attn.q_proj", 32)>]
[<InlineData("model.layers.3.self_attn.q_proj", 1)>]
[<InlineData("lm_head", 1)>]
[<InlineData("nothing", 0)>]
let ``a target is as many layers as bear its name`` (name: string, count: int) =
    Assert.Equal(count, llama3.Adapted(LoraTargets.Named [| name |]) |> List.sumBy snd)

[<Fact>]
let ``segments and checks are counted as the decider plans them`` () =
    let s = JobSpecs.minimalSpec
    let spec = { s with Train = { s.Train with Steps = 1_000; Segment = 100 }; Guard = { s.Guard with RefreshEvery = 250 }; DriftCheck = { s.DriftCheck with Every = DriftSchedule.Segment } }
    // 100, 200, 250, 300, ... : two refreshes of three lie between multiples of 100.
    Assert.Equal((12, 9), Duration.course spec)
    Assert.Equal(4, Duration.refreshes spec)

[<Fact>]
let ``the cost is seconds times the price of one`` () =
    let e = estimate llama3 JobSpecs.minimalSpec "h100"
    Assert.Equal(e.Seconds * (7.2 / 3600.0), e.Cost 7.2, 9)
