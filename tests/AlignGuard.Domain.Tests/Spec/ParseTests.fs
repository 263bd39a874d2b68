module AlignGuard.Domain.Tests.Spec.ParseTests

open Xunit
open AlignGuard.Domain.Spec

let private parseWith overrides text = JobFile.Parse(text, "job.yaml", overrides)
let private problems text = (parseWith [] text).Problems
let private withOverrides overrides = parseWith overrides JobSpecs.minimal

let private only (problems: Problem[]) = Assert.Single problems

// The job file of the design document.
let private full =
    """name: support-intents
model: ./models/SmolLM2-135M-Instruct        # Hugging Face folder, or store://...
method: alignguard                           # `alignguard methods` lists the others
data:  { train: train.jsonl, eval: eval.jsonl, format: auto }
lora:  { r: 8, alpha: 16, targets: all-linear }
train: { steps: 3000, segment: 500, batch: 8, accumulate: 1, lr: 2e-4, seqLen: 512, seed: 0, precision: auto }
guard: { projector: two-sided, rank: { min: 16, max: 64, energy: 0.8 }, refreshEvery: 50, lambdaA: 0.25, lambdaT: 0.001, lambdaNC: 0.01, alpha: 0.5 }
fisher: { prompts: builtin, samples: 256 }
driftcheck: { prompts: builtin, every: segment, size: 1000, final: 10000 }
gate:  { refusalDrop: 0.02, overRefusalRise: 0.02, task: { gain: 0.0 }, confidence: 0.95 }
"""

[<Fact>]
let ``the documented job is valid and says nothing but defaults`` () =
    let parsed = parseWith [] full
    Assert.Empty parsed.Problems
    Assert.Empty parsed.Warnings
    let short = JobSpecs.minimal.Replace("./models/tiny", "./models/SmolLM2-135M-Instruct").Replace("300", "3000")
    Assert.Equal((JobSpecs.parse short).Spec, parsed.Spec)

[<Fact>]
let ``JSON with tabs is read like YAML`` () =
    let json =
        "{\n\t\"name\": \"support-intents\",\n\t\"model\": \"./models/tiny\",\n\t\"data\": { \"train\": \"train.jsonl\", \"eval\": \"eval.jsonl\" },\n\t\"train\": { \"steps\": 300 }\n}\n"
    Assert.Equal(Some JobSpecs.minimalSpec, (parseWith [] json).Spec)

[<Fact>]
let ``all problems are told at once, each with its place and a fix`` () =
    let text =
        "name: support intents\n"
        + "model: m\n"
        + "data: { train: t.jsonl }\n"
        + "train: { steps: 0, lr: fast, batch: \"8\", seqLen: 1e3 }\n"
        + "guard:\n"
        + "  lambdA: 1\n"
        + "  projector: twosided\n"
        + "  rank: 16\n"
        + "  alpha: 1.5\n"
        + "gate: { confidence: 95, task: { drop: 0.1 } }\n"

    let found = problems text
    let at path = found |> Array.filter (fun p -> p.Path = path) |> only
    let check path line column (hint: string) =
        let p = at path
        Assert.Equal((line, column), (p.Line, p.Column))
        Assert.Contains(hint, p.Hint)

    check "name" 1 1 "letter or digit"
    check "data.eval" 1 1 "a file or builtin:NAME"
    check "train.steps" 4 10 "an integer of at least 1"
    check "train.lr" 4 20 "2e-4"
    check "train.batch" 4 30 "quotes"
    check "train.seqLen" 4 42 "Write 1000."
    check "guard.lambdA" 6 3 "Did you mean guard.lambdaA?"
    check "guard.projector" 7 3 "Did you mean two-sided?"
    check "guard.rank" 8 3 "guard.rank.min, guard.rank.max, guard.rank.energy"
    check "guard.alpha" 9 3 "at least 0 and of at most 1"
    check "gate.confidence" 10 9 "above 0.5 and below 1"
    check "gate.task.drop" 10 33 "gate.task.reference"
    Assert.Equal(12, found.Length)
    Assert.Equal("job.yaml(6,3): guard.lambdA: unknown key. Did you mean guard.lambdaA?", (at "guard.lambdA").ToString())
    Assert.True((parseWith [] text).Spec.IsNone)

[<Fact>]
let ``a key in the wrong group is found`` () =
    let p = only (problems (JobSpecs.minimal + "refreshEvery: 10\n"))
    Assert.Equal("Did you mean guard.refreshEvery?", p.Hint)

[<Fact>]
let ``a key that is like no other gets no wrong suggestion`` () =
    let p = only (problems (JobSpecs.minimal + "zebra: 10\n"))
    Assert.DoesNotContain("Did you mean", p.Hint)

[<Fact>]
let ``a duplicate key names both lines`` () =
    let p = only (problems (JobSpecs.minimal + "lora: { r: 4,\n  r: 8 }\n"))
    Assert.Equal(("lora.r", 6, 3), (p.Path, p.Line, p.Column))
    Assert.Contains("line 5", p.Message)

[<Theory>]
[<InlineData("guard: { rank: { min: 65 } }", "guard.rank.min")>]
[<InlineData("fisher: { samples: 8 }", "fisher.minRefusals")>]
[<InlineData("gate: { task: { gain: 0.1, reference: r } }", "gate.task.gain")>]
[<InlineData("fisher: { prompts: same.txt }\ndriftcheck: { prompts: same.txt }", "driftcheck.prompts")>]
[<InlineData("lora: { targets: [] }", "lora.targets")>]
[<InlineData("lora: { targets: [q_proj, q_proj] }", "lora.targets")>]
[<InlineData("lora: { targets: q_proj }", "lora.targets")>]
[<InlineData("lora: { targets: [[q]] }", "lora.targets")>]
[<InlineData("lora: { r: [8] }", "lora.r")>]
[<InlineData("lora: { r: { a: 8 } }", "lora.r")>]
[<InlineData("lora: { r: 99999999999999999999 }", "lora.r")>]
[<InlineData("lora: { dropout: 1.0 }", "lora.dropout")>]
[<InlineData("lora: { rslora: yes }", "lora.rslora")>]
[<InlineData("lora: { alpha: .nan }", "lora.alpha")>]
[<InlineData("lora: { alpha: NaN }", "lora.alpha")>]
[<InlineData("lora: { alpha: Infinity }", "lora.alpha")>]
[<InlineData("lora: { alpha: 1e999 }", "lora.alpha")>]
[<InlineData("lora: { alpha: '16' }", "lora.alpha")>]
[<InlineData("lora: { alpha: 1_6 }", "lora.alpha")>]
[<InlineData("lora: { alpha: \"1,6\" }", "lora.alpha")>]
[<InlineData("lora: { alpha: }", "lora.alpha")>]
[<InlineData("lora: 8", "lora")>]
[<InlineData("driftcheck: { every: 0 }", "driftcheck.every")>]
[<InlineData("driftcheck: { every: sometimes }", "driftcheck.every")>]
[<InlineData("fisher: { prompts: '' }", "fisher.prompts")>]
[<InlineData("fisher: { prompts: \" x\" }", "fisher.prompts")>]
[<InlineData("fisher: { prompts: \"a\\nb\" }", "fisher.prompts")>]
[<InlineData("gate: { confidence: 0.5 }", "gate.confidence")>]
[<InlineData("gate: { refusalDrop: 0 }", "gate.refusalDrop")>]
[<InlineData("retries: { attempts: 0 }", "retries.attempts")>]
let ``one bad value is one problem with its key`` (line: string, path: string) =
    let found = problems (JobSpecs.minimal + line + "\n")
    Assert.Contains(path, found |> Array.map _.Path)
    Assert.All(found, fun p -> Assert.True(p.Line >= 5, p.ToString()))

[<Theory>]
[<InlineData("train: { steps: 300 }", "train: { steps: 300, warmup: 301 }", "train.warmup")>]
[<InlineData("eval: eval.jsonl", "eval: train.jsonl", "data.eval")>]
[<InlineData("train: train.jsonl", "train: builtin", "data.train")>]
[<InlineData("name: support-intents", "name: ../x", "name")>]
[<InlineData("name: support-intents\n", "", "name")>]
[<InlineData("model: ./models/tiny", "model: ~", "model")>]
let ``one changed line is one problem with its key`` (before: string, after: string, path: string) =
    Assert.Equal(path, (only (problems (JobSpecs.minimal.Replace(before, after)))).Path)

[<Fact>]
let ``a rule is not applied to keys that are themselves wrong`` () =
    let found = problems (JobSpecs.minimal.Replace("steps: 300", "steps: many, warmup: 400"))
    Assert.Equal("train.steps", (only found).Path)

[<Fact>]
let ``guard keys under plain LoRA are ignored with a warning`` () =
    let parsed = parseWith [ "method=lora" ] (JobSpecs.minimal + "guard: { lambdaA: 1 }\nfisher: { samples: 99 }\n")
    Assert.True parsed.IsValid
    Assert.Equal<string>([| "guard.lambdaA"; "fisher.samples" |], parsed.Warnings |> Array.map _.Path)

[<Theory>]
[<InlineData("guard: { trimAt: 3 }", "guard.trimAt")>]
[<InlineData("guard: { lambdaA: 0, lambdaT: 0, lambdaNC: 0 }", "guard.lambdaA")>]
[<InlineData("guard: { metric: euclidean }", "guard.metric")>]
[<InlineData("driftcheck: { final: 200 }", "driftcheck.final")>]
let ``odd but legal settings are warned about`` (line: string, path: string) =
    let parsed = parseWith [] (JobSpecs.minimal + line + "\n")
    Assert.True parsed.IsValid
    Assert.Equal(path, (only parsed.Warnings).Path)

[<Theory>]
[<InlineData("data.groupByLength=true")>]
[<InlineData("train.batch=1")>]
let ``packing that saves nothing is warned about`` (other: string) =
    Assert.Empty((parseWith [ "data.packing=true" ] JobSpecs.minimal).Warnings)
    Assert.Equal("data.packing", (only (parseWith [ "data.packing=true"; other ] JobSpecs.minimal).Warnings).Path)

[<Fact>]
let ``the warning about too few prompts names a number that is enough`` () =
    let warned final = (withOverrides [ $"driftcheck.final={final}" ]).Warnings
    Assert.Contains("266", (only (warned 200)).Hint)
    Assert.Empty(warned 266)

[<Fact>]
let ``overrides win over the file and later ones over earlier`` () =
    let parsed = withOverrides [ "train.steps=5"; "train.steps = 6"; "lora.targets=[q_proj]"; "model=\"a b\""; "driftcheck.every=final" ]
    let spec = parsed.Spec.Value
    Assert.Equal(6, spec.Train.Steps)
    Assert.Equal(LoraTargets.Named [| "q_proj" |], spec.Lora.Targets)
    Assert.Equal("a b", spec.Model)
    Assert.Equal(DriftSchedule.Final, spec.DriftCheck.Every)

[<Fact>]
let ``an override can give what the file lacks and mend what it has wrong`` () =
    let text = JobSpecs.minimal.Replace("steps: 300", "steps: many").Replace("model: ./models/tiny\n", "")
    Assert.True((parseWith [ "train.steps=5"; "model=m" ] text).IsValid)

[<Fact>]
let ``a reference run on the command line replaces the file's gain`` () =
    let text = JobSpecs.minimal + "gate: { task: { gain: 0.1 } }\n"
    Assert.Equal(TaskCriterion.MatchReference("r1", 0.03), (parseWith [ "gate.task.reference=r1"; "gate.task.drop=0.03" ] text).Spec.Value.Gate.Task)

[<Theory>]
[<InlineData("train.step=5", "train.step", "Did you mean train.steps?")>]
[<InlineData("train.steps", "", "--set train.steps=300")>]
[<InlineData("=5", "", "--set")>]
[<InlineData("guard.rank=5", "guard.rank", "guard.rank.min")>]
[<InlineData("train.steps=-1", "train.steps", "at least 1")>]
[<InlineData("train.steps=", "train.steps", "at least 1")>]
[<InlineData("lora.targets=[q", "lora.targets", "brackets")>]
let ``a bad override is named in its problem`` (text: string, path: string, hint: string) =
    let p = only (withOverrides [ text ]).Problems
    Assert.Equal("--set " + text, p.Source)
    Assert.Equal((path, 0), (p.Path, p.Line))
    Assert.Contains(hint, p.Hint)
