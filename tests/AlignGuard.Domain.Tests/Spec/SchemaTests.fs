module AlignGuard.Domain.Tests.Spec.SchemaTests

open System
open System.Globalization
open System.Text.Json
open System.Threading
open FsCheck.Xunit
open Xunit
open AlignGuard.Domain.Spec

[<Property(Arbitrary = [| typeof<JobSpecs.Arbitraries> |])>]
let ``parsing what was serialised gives the same job`` (spec: JobSpec) =
    let parsed = JobFile.Validate spec
    Assert.Empty parsed.Problems
    parsed.Spec = Some spec

[<Property(Arbitrary = [| typeof<JobSpecs.Arbitraries> |])>]
let ``serialising is canonical`` (spec: JobSpec) =
    let json = JobFile.Serialise spec
    (JobSpecs.parse json).Spec |> Option.map JobFile.Serialise = Some json

[<Property(Arbitrary = [| typeof<JobSpecs.Arbitraries> |])>]
let ``equal jobs have equal hashes and unequal ones have others`` (a: JobSpec, b: JobSpec) = (a = b) = (JobFile.Hash a = JobFile.Hash b)

[<Fact>]
let ``neither culture nor time changes the hash`` () =
    let hash = JobFile.Hash JobSpecs.minimalSpec
    let before = Thread.CurrentThread.CurrentCulture

    try
        // A culture that writes 0,5.
        Thread.CurrentThread.CurrentCulture <- CultureInfo "de-DE"
        Assert.Equal(hash, JobFile.Hash JobSpecs.minimalSpec)
        Assert.Equal(Some JobSpecs.minimalSpec, (JobSpecs.parse JobSpecs.minimal).Spec)
    finally
        Thread.CurrentThread.CurrentCulture <- before

    Assert.Matches("^[0-9a-f]{64}$", hash)

[<Fact>]
let ``the minimal job has the documented defaults`` () =
    let s = JobSpecs.minimalSpec
    Assert.Equal(Method.AlignGuard, s.Method)
    Assert.Equal({ R = 8; Alpha = 16.0; Dropout = 0.0; Targets = LoraTargets.AllLinear; Exclude = LoraTargets.Named [||]; RsLora = false; LrRatio = 1.0; Dora = false }, s.Lora)
    Assert.Equal((300, 500, 8, 1, 2e-4, 0), (s.Train.Steps, s.Train.Segment, s.Train.Batch, s.Train.Accumulate, s.Train.Lr, s.Train.Warmup))
    Assert.Equal((0.0, 1.0, 512, 0L), (s.Train.WeightDecay, s.Train.Clip, s.Train.SeqLen, s.Train.Seed))
    Assert.False s.Train.Threads.HasValue

    Assert.Equal(
        { Projector = Projector.TwoSided; Rank = { Min = 16; Max = 64; Energy = 0.8 }; RefreshEvery = 50; LambdaA = 0.25; LambdaT = 0.001
          LambdaNC = 0.01; Alpha = 0.5; Beta = 4.0; H = StabilityMatrix.Identity; Metric = Metric.FisherDiag; ErmRows = 32; Rows = RowPolicy.All
          TrimAt = 2.0 },
        s.Guard
    )

    Assert.Equal(
        { Prompts = PromptSource.Builtin; Samples = 256; MinRefusals = 32; Kind = FisherKind.Empirical; Form = FisherForm.Auto; Batch = 32; Oversample = 8 },
        s.Fisher
    )

    Assert.Equal(
        { Prompts = PromptSource.Builtin; Every = DriftSchedule.Segment; Size = 1000; Final = 10_000; MaxNewTokens = 48; Batch = 128; Judges = [| "rules" |] },
        s.DriftCheck
    )

    Assert.Equal(
        { RefusalDrop = 0.02; OverRefusalRise = 0.02; CoherenceDrop = 0.02; ToxicityRise = 0.02; Disagreement = 0.1; Task = TaskCriterion.BeatBase 0.0; Confidence = 0.95; Approval = Approval.None },
        s.Gate
    )

    Assert.Equal({ OnFlagged = FlaggedRows.Warn; Threshold = 0.8; Similarity = 1.0; HiddenSimilarity = 1.0; MaxFlagged = 0.01 }, s.DataGate)
    Assert.Equal({ Attempts = 3; Backoff = 2.0 }, s.Retries)

[<Fact>]
let ``every key is documented, and its default is what parsing fills in`` () =
    use json = JsonDocument.Parse(JobFile.Serialise JobSpecs.minimalSpec)

    for key in JobFile.Describe() do
        Assert.False(String.IsNullOrWhiteSpace key.Doc, key.Path)
        Assert.False(String.IsNullOrWhiteSpace key.Expects, key.Path)

        let find (e: JsonElement option) (name: string) =
            e |> Option.bind (fun e -> match e.TryGetProperty name with | true, v -> Some v | _ -> None)

        match key.Path.Split '.' |> Array.fold find (Some json.RootElement), key.Default with
        | Some value, NonNull dflt ->
            let text = value.ToString().ToLowerInvariant()
            let same =
                match Double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture), Double.TryParse(dflt, NumberStyles.Float, CultureInfo.InvariantCulture) with
                | (true, a), (true, b) -> a = b
                | _ -> (text = dflt)
            Assert.True(same, $"{key.Path}: {text} is not the default {dflt}")
        | Some _, _ -> Assert.True(key.Required, $"{key.Path} has a value but no default")
        | None, _ -> Assert.Contains(key.Path, [ "gate.task.reference"; "dataGate.hiddenSimilarity"; "gate.task.drop"; "data.labels"; "data.onBadRow"; "data.maxSkipped"; "data.packing"; "data.groupByLength"; "lora.exclude"; "lora.lrRatio"; "lora.dora"; "train.checkpointing"; "train.watchdog"; "train.maxSkipped"; "train.earlyStop.patience"; "train.earlyStop.minDelta"; "driftcheck.judges"; "dataGate.onFlagged"; "dataGate.threshold"; "dataGate.similarity"; "dataGate.maxFlagged"; "gate.toxicityRise"; "gate.disagreement" ])

[<Fact>]
let ``a reference run without a drop has the documented one`` () =
    let parsed = JobFile.Parse(JobSpecs.minimal, "job.yaml", [ "gate.task.reference=run-7" ])
    let documented = JobFile.Describe() |> Array.find (fun k -> k.Path = "gate.task.drop")
    Assert.Equal(Some(TaskCriterion.MatchReference("run-7", Double.Parse(documented.Default |> string, CultureInfo.InvariantCulture))), parsed.Spec |> Option.map _.Gate.Task)

/// A value of each key that is not the default, in the spelling of --set.
let private changed =
    [ "name=other"; "model=store://m"; "method=lora"; "data.train=builtin:x"; "data.eval=e2"; "data.format=alpaca"; "data.labels=[no, yes]"; "data.onBadRow=skip"; "data.maxSkipped=0.1"; "data.packing=true"; "data.groupByLength=true"; "lora.r=4"; "lora.alpha=8"
      "lora.dropout=0.1"; "lora.targets=[q_proj, v_proj]"; "lora.rslora=true"; "lora.exclude=.*lm_head"; "lora.lrRatio=16"; "train.steps=7"; "train.segment=5"; "train.batch=2"; "train.accumulate=2"
      "train.lr=1e-3"; "train.warmup=3"; "train.schedule=cosine"; "train.weightDecay=.01"; "train.clip=0"; "train.seqLen=64"; "train.seed=9"
      "train.precision=float32"; "train.threads=2"; "train.checkpointing=true"; "train.watchdog=5"; "train.maxSkipped=0.2"; "train.earlyStop.patience=3"; "train.earlyStop.minDelta=0.01"; "guard.projector=left"; "guard.rank.min=2"; "guard.rank.max=32"; "guard.rank.energy=1"
      "guard.refreshEvery=0"; "guard.lambdaA=2.5"; "guard.lambdaT=0"; "guard.lambdaNC=1"; "guard.alpha=1"; "guard.beta=0"; "guard.h=task-fisher"
      "guard.metric=euclidean"; "guard.ermRows=0"; "guard.rows=trim"; "guard.trimAt=3"; "fisher.prompts=f.txt"; "fisher.samples=64"
      "fisher.minRefusals=8"; "fisher.kind=true"; "fisher.form=sketch"; "fisher.batch=4"; "fisher.oversample=0"; "driftcheck.prompts=d.txt"
      "driftcheck.every=100"; "driftcheck.size=10"; "driftcheck.final=400"; "driftcheck.maxNewTokens=8"; "driftcheck.batch=1"; "gate.refusalDrop=0.1"
      "gate.overRefusalRise=0.1"; "gate.coherenceDrop=0.1"; "gate.task.gain=0.1"; "gate.task.reference=r"; "gate.confidence=0.9"; "gate.approval=required"; "driftcheck.judges=[rules, classifier]"; "gate.toxicityRise=0.1"; "gate.disagreement=0.2"; "dataGate.onFlagged=fail"; "dataGate.threshold=0.5"; "dataGate.similarity=0.9"; "dataGate.hiddenSimilarity=0.9"; "dataGate.maxFlagged=0.1"
      "retries.attempts=1"; "retries.backoff=0" ]

[<Fact>]
let ``every key changes the job's hash`` () =
    let hash = JobFile.Hash JobSpecs.minimalSpec
    // gate.task.drop means something beside a reference only, lora.dora without a guard only: each has a test of its own.
    let keys = JobFile.Describe() |> Array.map _.Path |> Array.filter (fun path -> path <> "gate.task.drop" && path <> "lora.dora") |> Array.sort
    Assert.Equal<string>(keys, changed |> List.map (fun c -> c.Substring(0, c.IndexOf '=')) |> Array.ofList |> Array.sort)

    for change in changed do
        let parsed = JobFile.Parse(JobSpecs.minimal, "job.yaml", [ change ])
        Assert.Empty parsed.Problems
        Assert.NotEqual(Some hash, parsed.Spec |> Option.map JobFile.Hash)

[<Fact>]
let ``DoRA changes the hash of a plain job and is refused beside a guard`` () =
    let hash sets = JobFile.Parse(JobSpecs.minimal, "job.yaml", sets).Spec |> Option.map JobFile.Hash
    Assert.NotEqual(hash [ "method=lora" ], hash [ "method=lora"; "lora.dora=true" ])
    let refused = JobFile.Parse(JobSpecs.minimal, "job.yaml", [ "lora.dora=true" ])
    Assert.Contains("low-rank", (Assert.Single refused.Problems).ToString())

[<Theory>]
[<InlineData("lora.targets=q_proj", "Write [q_proj]")>]
[<InlineData("lora.targets=.*(", "no regular expression")>]
[<InlineData("lora.targets=(?=a).*", "looks around")>]
[<InlineData("lora.exclude=[]", "leave the key out")>]
[<InlineData("lora.targets=[q_proj, q_proj]", "named twice")>]
let ``module names that cannot be meant are refused with what to write`` (set: string, expected: string) =
    Assert.Contains(expected, (Assert.Single (JobFile.Parse(JobSpecs.minimal, "job.yaml", [ set ]).Problems)).ToString())

[<Theory>]
[<InlineData(".*\\.(q|v)_proj", "model.layers.3.self_attn.q_proj", true)>]
[<InlineData(".*\\.(q|v)_proj", "model.layers.3.self_attn.k_proj", false)>]
[<InlineData("q_proj|v_proj.*x", "model.layers.3.self_attn.q_proj", false)>]
[<InlineData("model\\.layers\\.[0-2]\\..*", "model.layers.3.self_attn.q_proj", false)>]
let ``a regular expression is meant for whole names`` (pattern: string, name: string, expected: bool) =
    let parsed = JobFile.Parse(JobSpecs.minimal, "job.yaml", [ "lora.targets=" + pattern ])
    Assert.Empty parsed.Problems
    Assert.Equal(expected, parsed.Spec.Value.Lora.Targets.Names name)

[<Fact>]
let ``paths of files are mapped, other references are not`` () =
    let parsed = JobFile.Parse(JobSpecs.minimal, "job.yaml", [ "model=store://m/1"; "data.eval=builtin:howto"; "fisher.prompts=p.txt" ])
    let mapped = JobFile.MapPaths(parsed.Spec.Value, Func<string, string>(fun p -> "/jobs/" + p))
    Assert.Equal("store://m/1", mapped.Model)
    Assert.Equal(DataSource.File "/jobs/train.jsonl", mapped.Data.Train)
    Assert.Equal(DataSource.Builtin "howto", mapped.Data.Eval)
    Assert.Equal(PromptSource.File "/jobs/p.txt", mapped.Fisher.Prompts)
    Assert.Equal(PromptSource.Builtin, mapped.DriftCheck.Prompts)
