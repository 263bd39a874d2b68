module AlignGuard.Domain.Tests.Sweeps.SweepFileTests

open System
open System.Text
open FsCheck.Xunit
open Xunit
open AlignGuard.Domain.Spec
open AlignGuard.Domain.Sweeps
open AlignGuard.Domain.Tests
open AlignGuard.Domain.Tests.Spec

let private head = "name: lambda-grid\njob: demo-job.yaml\n"
let private parse text = SweepFile.Parse(text, "sweep.yaml")

let private read text =
    match parse text with
    | { Spec = Some spec } -> spec
    | { Problems = problems } -> failwith $"%A{problems |> Array.map string}"

let private labels text = (read text).Cells |> Array.map _.Label |> List.ofArray
let private problems text = (parse text).Problems
let private only (problems: Problem[]) = Assert.Single problems

let private product (first: string, a: string list) (second: string, b: string list) =
    [ for x in a do
          for y in b do
              $"{first}={x} {second}={y}" ]

[<Fact>]
let ``a sweep of two lines is the default preset, one run at a time`` () =
    let spec = read head
    Assert.Equal(("lambda-grid", "demo-job.yaml", 1), (spec.Name, spec.Job, spec.Parallel))
    Assert.Equal(Some { After = 0.3; RefusalDrop = 0.2 }, spec.Hopeless)
    let expected = product ("guard.lambdaA", [ "0.025"; "0.25"; "2.5"; "25" ]) ("guard.lambdaT", [ "0"; "0.001"; "0.01" ])
    Assert.Equal<string list>(expected, labels head)
    Assert.Equal<Cell[]>(spec.Cells, (read (head + "preset: default\n")).Cells)
    Assert.Equal<int>([ 0..11 ], spec.Cells |> Array.map _.Index)
    Assert.Equal<string>([| "guard.lambdaA=0.025"; "guard.lambdaT=0" |], spec.Cells[0].Overrides)

[<Fact>]
let ``the preset of the paper`` () =
    let expected = product ("guard.lambdaA", [ "0.01"; "0.05"; "0.1"; "0.2" ]) ("guard.lambdaT", [ "0.001"; "0.01"; "0.05" ])
    Assert.Equal<string list>(expected, labels (head + "preset: paper\n"))

[<Fact>]
let ``presets are spelt as values of a file are`` () =
    for name, grid in Grid.presets do
        for path, values in grid do
            for value in values do
                match Setting.read Schema.byPath[path] (Node.Scalar(value, false, { Line = 1; Column = 1 })) with
                | Ok setting -> Assert.Equal((name, value), (name, setting.Value))
                | Error refusal -> failwith refusal.Message

[<Fact>]
let ``a grid's first key varies slowest, and listed cells follow it`` () =
    let text =
        head
        + "grid: { guard: { lambdaA: [0.025, .25] }, train.seed: [0, 1] }\n"
        + "cells:\n- { guard.lambdaA: 1.0, train: { lr: 1e-4 } }\n- method: lora\n- {}\n"
        + "parallel: 2\nhopeless: { refusalDrop: 0.1 }\n"

    let spec = read text

    Assert.Equal<string list>(
        [ "guard.lambdaA=0.025 train.seed=0"
          "guard.lambdaA=0.025 train.seed=1"
          "guard.lambdaA=0.25 train.seed=0"
          "guard.lambdaA=0.25 train.seed=1"
          "guard.lambdaA=1 train.lr=0.0001"
          "method=lora"
          "unchanged" ],
        labels text)

    Assert.Equal(2, spec.Parallel)
    Assert.Equal(Some { After = 0.3; RefusalDrop = 0.1 }, spec.Hopeless)

[<Fact>]
let ``JSON is read like YAML`` () =
    let json = """{"name":"lambda-grid","job":"demo-job.yaml","preset":"paper","parallel":1,"hopeless":"off"}"""
    Assert.Equal(parse (head + "preset: paper\nhopeless: off\n"), parse json)
    Assert.Equal(None, (read json).Hopeless)

[<Fact>]
let ``a list is one value of a key that takes a list`` () =
    Assert.Equal<string list>(
        [ "lora.targets=[q_proj,v_proj]"; "lora.targets=[mlp.down_proj]"; "lora.targets=all-linear" ],
        labels (head + "grid: { lora.targets: [[q_proj, v_proj], [mlp.down_proj], all-linear] }\n"))

[<Theory>]
[<InlineData("data.train: '[a].jsonl'")>]
[<InlineData("data.train: \"{\\u2028\\\"é\\\\😀\"")>]
[<InlineData("data.train: \"'x'\"")>]
[<InlineData("data.train: '\"x\"'")>]
[<InlineData("data.train: 'null'")>]
[<InlineData("data.train: \"~\"")>]
[<InlineData("data.train: 'a = b, c # d: e'")>]
[<InlineData("data.train: builtin:howto")>]
[<InlineData("model: '=1+1'")>]
[<InlineData("name: other")>]
[<InlineData("gate.task.reference: 'true'")>]
[<InlineData("gate.task.gain: 1e-7")>]
[<InlineData("train.threads: auto")>]
[<InlineData("train.threads: 2")>]
[<InlineData("train.seed: 9223372036854775807")>]
[<InlineData("driftcheck.every: 5")>]
[<InlineData("driftcheck.every: final")>]
[<InlineData("lora.rslora: true")>]
[<InlineData("lora.targets: [null, true, '1', a.b]")>]
let ``an override says to the job what the file says`` (line: string) =
    let cell = (read (head + "cells:\n- " + line + "\n")).Cells[0]
    let written = JobFile.Parse(JobSpecs.minimal, "job.yaml", cell.Overrides)
    Assert.True(written.IsValid, $"%A{cell.Overrides}: %A{written.Problems}")

    match Yaml.read "x" line with
    | Some(Node.Group([ entry ], _)), [] ->
        match Schema.byPath[entry.Name].Read entry.Value with
        | Ok set -> Assert.Equal(Some(set JobSpecs.minimalSpec), written.Spec)
        | Error refusal -> failwith refusal.Message
    | other -> failwith $"%A{other}"

[<Property(Arbitrary = [| typeof<JobSpecs.Arbitraries> |])>]
let ``any job's values are overrides that give the job back`` (spec: JobSpec) =
    // Every value of the job, put into one cell by way of the canonical JSON.
    let sweep = "{\"name\":\"s\",\"job\":\"j\",\"cells\":[" + JobFile.Serialise spec + "]}"
    let cell = (read sweep).Cells[0]
    let again = JobFile.Parse(JobSpecs.minimal, "job.yaml", cell.Overrides)
    again.Spec = Some spec

[<Fact>]
let ``a drop against a reference run can be swept without naming the run`` () =
    Assert.Equal<string list>([ "gate.task.drop=0.01"; "gate.task.drop=0.05" ], labels (head + "grid: { gate.task.drop: [0.01, 0.05] }\n"))

[<Fact>]
let ``all problems are told at once, each with its place and a fix`` () =
    let text =
        "name: lambda grid\n"
        + "preset: papr\n"
        + "paralel: 2\n"
        + "parallel: 65\n"
        + "grid:\n"
        + "  guard.lambdA: [1]\n"
        + "  train: { lr: [fast, 1e-4], steps: [] , batch: [8, \"8\", ~] }\n"
        + "  train.seed: 0\n"
        + "  guard: 5\n"
        + "  lora.r: [4, 8, 4]\n"
        + "cells:\n"
        + "  - { projector: left }\n"
        + "  - { guard.alpha: 1.5, guard.beta: 1, guard: { beta: 2 } }\n"
        + "  - lora\n"
        + "  - { gate.task.gain: 0.1, gate.task.reference: r }\n"
        + "hopeless: { aftr: 0.5, refusalDrop: 1 }\n"
        + "train.lr: [1]\n"

    let found = problems text
    let at path = found |> Array.filter (fun p -> p.Path = path)
    let check path line column (hint: string) =
        let p = only (at path)
        Assert.Equal((line, column), (p.Line, p.Column))
        Assert.Contains(hint, p.Hint)

    check "name" 1 1 "letter or digit"
    check "job" 1 1 "relative to this file"
    check "paralel" 3 1 "Did you mean parallel?"
    check "parallel" 4 1 "from 1 to 64"
    check "grid.guard.lambdA" 6 3 "Did you mean guard.lambdaA?"
    check "grid.train.lr[0]" 7 17 "2e-4"
    check "grid.train.steps" 7 30 "at least one value"
    check "grid.train.batch[1]" 7 53 "quotes"
    check "grid.train.batch[2]" 7 58 "an integer from 1 to 65536"
    check "grid.train.seed" 8 3 "Write [0]"
    check "grid.guard" 9 3 "guard.lambdaA"
    check "grid.lora.r[2]" 10 18 "Remove one"
    check "cells[0].projector" 12 7 "Did you mean guard.projector?"
    check "cells[1].guard.alpha" 13 20 "at least 0 and of at most 1"
    check "cells[1].guard.beta" 13 49 "Remove one"
    check "cells[2]" 14 5 "{ guard.lambdaA: 1 }"
    check "cells[3].gate.task.gain" 15 7 "Remove one"
    check "cells[3].gate.task.reference" 15 28 "Remove one"
    check "hopeless.aftr" 16 13 "Did you mean hopeless.after?"
    check "hopeless.refusalDrop" 16 24 "below 1"
    check "train.lr" 17 1 "under grid:"
    Assert.Equal(3, (at "preset").Length)
    Assert.Contains(at "preset", fun p -> p.Hint = "Did you mean paper?")
    Assert.Contains(at "preset", fun p -> p.Message = "cannot be given together with grid.")
    Assert.Contains(at "preset", fun p -> p.Message = "cannot be given together with cells.")
    Assert.Equal(21 + 3, found.Length)
    Assert.Equal("sweep.yaml(6,3): grid.guard.lambdA: unknown key. Did you mean guard.lambdaA?", (only (at "grid.guard.lambdA")).ToString())
    Assert.True((parse text).Spec.IsNone)

[<Theory>]
[<InlineData("grid: {}", "grid", "the grid is empty")>]
[<InlineData("grid:", "grid", "not a single value")>]
[<InlineData("grid: [1]", "grid", "not a list")>]
[<InlineData("grid: { guard: { rank: } }", "grid.guard.rank", "not a single value")>]
[<InlineData("grid: { train.seed: { a: 1 } }", "grid.train.seed", "not a group")>]
[<InlineData("grid: { lora.targets: [q_proj] }", "grid.lora.targets[0]", "all-linear, a list")>]
[<InlineData("grid: { train.seed: [[0]] }", "grid.train.seed[0]", "not a list")>]
[<InlineData("grid: { train.lr: [0.1, 1e-1] }", "grid.train.lr[1]", "the value 0.1 is listed twice")>]
[<InlineData("grid: { gate.task.gain: [0.1], gate.task.drop: [0.1] }", "grid.gate.task.gain", "together with gate.task.drop")>]
[<InlineData("cells: []", "cells", "the list of cells is empty")>]
[<InlineData("cells: {}", "cells", "not a group")>]
[<InlineData("cells: [ { train.lr: } ]", "cells[0].train.lr", "has no value")>]
[<InlineData("cells: [ { train.lr: 0.1, train.seed: 1 }, { train.seed: 1, train.lr: 1e-1 } ]", "cells[1]", "the same cell as cells[0] (line 3)")>]
[<InlineData("cells: [ {}, {} ]", "cells[1]", "the same cell as cells[0]")>]
[<InlineData("grid: { train.seed: [0, 1] }\ncells: [ { train.seed: 1 } ]", "cells[0]", "the same cell as a cell of the grid")>]
[<InlineData("parallel: 0", "parallel", "out of range")>]
[<InlineData("parallel: '2'", "parallel", "quoted")>]
[<InlineData("parallel:", "parallel", "has no value")>]
[<InlineData("hopeless: on", "hopeless", "a group of keys or off")>]
[<InlineData("hopeless:", "hopeless", "a group of keys or off")>]
[<InlineData("hopeless: { after: 1.1 }", "hopeless.after", "out of range")>]
[<InlineData("hopeless: { refusalDrop: -0.1 }", "hopeless.refusalDrop", "out of range")>]
[<InlineData("preset: ", "preset", "has no value")>]
[<InlineData("jobs: x", "jobs", "unknown key")>]
[<InlineData("zebra: 1", "zebra", "unknown key")>]
let ``one bad line is one problem with its key`` (line: string, path: string, message: string) =
    let found = problems (head + line + "\n")
    let p = found |> Array.find (fun p -> p.Path = path)
    Assert.Contains(message, p.Message)
    Assert.True(p.Line >= 3, p.ToString())
    Assert.True(found.Length = 1 || line.Contains("gain", StringComparison.Ordinal), $"%A{found |> Array.map string}")

[<Theory>]
[<InlineData("name: lambda-grid\n", "name: .x\n", "name")>]
[<InlineData("name: lambda-grid\n", "", "name")>]
[<InlineData("job: demo-job.yaml\n", "", "job")>]
[<InlineData("job: demo-job.yaml\n", "job: ''\n", "job")>]
[<InlineData("job: demo-job.yaml\n", "job: [a]\n", "job")>]
[<InlineData("job: demo-job.yaml\n", "job:\n", "job")>]
let ``name and job are needed`` (before: string, after: string, path: string) =
    Assert.Equal(path, (only (problems (head.Replace(before, after)))).Path)

[<Fact>]
let ``a thousand cells are the most`` () =
    let seeds n = String.Join(", ", [ 0 .. n - 1 ])
    let grid a b = head + $"grid: {{ train.seed: [{seeds a}], lora.r: [{String.Join(',', [ 1..b ])}] }}\n"
    Assert.Equal(1000, (read (grid 100 10)).Cells.Length)
    let tooMany = only (problems (grid 91 11))
    Assert.Equal(("grid", "the sweep has 1001 cells; 1000 are the most."), (tooMany.Path, tooMany.Message))
    Assert.Equal("grid", (only (problems (grid 100 10 + "cells: [ {} ]\n"))).Path)
    let listed = head + "cells:\n" + String.Join("", [ for i in 0..1000 -> $"- train.seed: {i}\n" ])
    Assert.Equal("cells", (only (problems listed)).Path)

[<Fact>]
let ``a grid of astronomic size is refused at once`` () =
    let keys = Schema.keys |> List.filter (fun k -> k.Expects = "an integer of at least 1")
    let values = String.Join(", ", [ 1..60 ])
    let text = head + "grid:\n" + String.Join("", [ for k in keys -> $"  {k.Path}: [{values}]\n" ])
    Assert.Contains("a million cells or more", (only (problems text)).Message)

let hostile: objnull[] seq =
    [ "empty", "", "the file is empty"
      "scalar", "hello", "a sweep is a group of keys"
      "list", "- a\n", "a sweep is a group of keys"
      "two documents", head + "---\nname: x\n", "second document"
      "open quote", "name: \"abc\n", "not valid YAML"
      "alias", "grid: { train.seed: &x [1] }\ncells: *x\n", "alias"
      "duplicate key", head + "job: y\n", "given twice"
      "NUL", head + "\u0000", "control character U+0000"
      "deep lists", String.replicate 200_000 "[", "nested deeper"
      "deep cell", head + "cells: [ " + String.replicate 20 "{ guard: ", "nested deeper"
      "many values", head + "grid: { train.seed: [" + String.Join(",", [ 1..50_000 ]) + "] }", "more than 5000 values"
      "too large", String.replicate (1 + SweepFile.MaxBytes) "#", "larger than 1 MiB"
      "one long key", String.replicate 500 "k" + ": 1\n", "unknown key" ]
    |> Seq.map (fun (name, text, message) -> [| box name; box text; box message |])

[<Theory>]
[<MemberData(nameof hostile)>]
let ``a hostile file is a problem and not a crash`` (name: string, text: string, message: string) =
    let clock = Diagnostics.Stopwatch.StartNew()
    let parsed = SweepFile.Parse(text, name)
    Assert.False parsed.IsValid
    Assert.Contains(parsed.Problems, fun p -> p.Message.Contains(message, StringComparison.Ordinal))
    Assert.All(parsed.Problems, fun p -> Assert.True(p.Line >= 1 && p.Column >= 1, p.ToString()))
    Assert.All(parsed.Problems, fun p -> Assert.DoesNotContain("job file has", p.Hint))
    Assert.True(clock.Elapsed < TimeSpan.FromSeconds 10.0, $"took {clock.Elapsed}")

[<Fact>]
let ``bytes are strict UTF-8, with or without a byte order mark`` () =
    let bytes = Encoding.UTF8.GetBytes head
    Assert.Equal(parse head, SweepFile.ParseUtf8(bytes, "sweep.yaml"))
    Assert.Equal(parse head, SweepFile.ParseUtf8(Array.append [| 0xEFuy; 0xBBuy; 0xBFuy |] bytes, "sweep.yaml"))
    Assert.Contains("byte 1", (only (SweepFile.ParseUtf8([| byte 'a'; 0xFFuy |], "x")).Problems).Message)
    Assert.Contains("1 MiB", (only (SweepFile.ParseUtf8(Array.zeroCreate 2_000_000, "x")).Problems).Message)

let private full = head + "grid: { guard.lambdaA: [0.025, 0.25] }\ncells: [ { method: lora } ]\nparallel: 2\nhopeless: { after: 0.3 }\n"

[<Fact>]
let ``a sweep damaged at any place by any ASCII character is a sweep or a list of problems`` () =
    for position in 0 .. full.Length do
        for character in 0..127 do
            let parsed = parse (full.Insert(position, string (char character)))
            Assert.Equal(parsed.IsValid, (parsed.Problems.Length = 0))
            Assert.All(parsed.Problems, fun p -> Assert.True(p.Line >= 1 && p.Column >= 1, p.ToString()))

[<Property>]
let ``no text makes the parser throw`` (text: string | null) =
    let parsed = parse (orEmpty text)
    parsed.IsValid = (parsed.Problems.Length = 0)

[<Fact>]
let ``the hash is that of name, cells and rule, however they are spelt`` () =
    let hash text = SweepFile.Hash(read text)
    let same = hash full
    Assert.Matches("^[0-9a-f]{64}$", same)
    Assert.Equal(same, hash (full.Replace("parallel: 2", "parallel: 64")))
    Assert.Equal(same, hash (full.Replace("0.025", "2.5e-2")))
    Assert.Equal(same, hash (full.Replace("hopeless: { after: 0.3 }\n", "")))
    Assert.Equal(same, hash (full.Replace("demo-job.yaml", "../demo-job.yaml")))

    for before, after in [ "lambda-grid", "other"; "0.025", "0.026"; "method: lora", "train.seed: 1"; "after: 0.3", "after: 0.4"; "{ after: 0.3 }", "off" ] do
        Assert.NotEqual<string>(same, hash (full.Replace(before, after)))

// Logs and stores name sweeps by it.
[<Fact>]
let ``the hash is fixed`` () =
    let canonical = """{"name":"s","cells":[["train.seed=0"],["train.seed=1"]],"hopeless":{"after":0.3,"refusalDrop":0.2}}"""
    let expected = Encoding.UTF8.GetBytes canonical |> Security.Cryptography.SHA256.HashData |> Convert.ToHexStringLower
    Assert.Equal(expected, SweepFile.Hash(read "name: s\njob: j\ngrid: { train.seed: [0, 1] }\n"))
