namespace AlignGuard.Domain.Tests.Spec

open System
open FsCheck.FSharp
open AlignGuard.Domain.Spec

/// Valid jobs, every key drawn at random.
module JobSpecs =

    let minimal =
        "name: support-intents\nmodel: ./models/tiny\ndata: { train: train.jsonl, eval: eval.jsonl }\ntrain: { steps: 300 }\n"

    let parse text = JobFile.Parse(text, "job.yaml", [])

    let minimalSpec =
        match (parse minimal).Spec with
        | Some spec -> spec
        | None -> failwith "The minimal job is not valid."

    let private upTo n = Gen.choose (1, n)
    let private fraction = Gen.map (fun n -> float n / 1000.0) (Gen.choose (1, 999))
    let private weight = Gen.oneof [ Gen.constant 0.0; Gen.map (fun n -> float n / 997.0) (Gen.choose (0, 100_000)); Gen.elements [ 1e-300; 2e-4; 0.1 + 0.2 ] ]
    let private positive = Gen.map ((+) 1e-6) weight
    let private wordChar = Gen.elements (List.ofSeq "abcXYZ019_")
    let private word = Gen.nonEmptyListOf wordChar |> Gen.map (List.truncate 20 >> Array.ofList >> String)
    // Texts that a careless writer or reader would change: quotes, YAML syntax, letters beyond the basic plane.
    let private text =
        Gen.nonEmptyListOf (Gen.elements [ "a"; "é"; "\""; "\\"; ": "; " #"; "'"; "{"; "]"; "*"; "&"; "😀"; "\u2028"; "<"; "null"; "1"; "-"; "," ])
        |> Gen.map (fun parts -> "p" + String.Join("", List.truncate 12 parts) + "q")
    let private path = Gen.oneof [ word; text; Gen.map (fun w -> "./" + w + ".jsonl") word ]

    let private data suffix =
        Gen.oneof [ Gen.map (fun p -> DataSource.File(p + suffix)) path; Gen.map DataSource.Builtin word ]

    let private prompts suffix =
        Gen.oneof [ Gen.constant PromptSource.Builtin; Gen.map (fun p -> PromptSource.File(p + suffix)) path ]

    let private targets =
        Gen.oneof
            [ Gen.constant LoraTargets.AllLinear
              Gen.nonEmptyListOf word |> Gen.map (List.distinct >> List.truncate 6 >> Array.ofList >> LoraTargets.Named)
              Gen.map (fun w -> LoraTargets.Pattern $@".*\.(layers)\.[0-3]\.(.*{w}|x)") word ]

    let private task =
        Gen.oneof
            [ Gen.map TaskCriterion.BeatBase (Gen.oneof [ Gen.constant 0.0; fraction ])
              Gen.map2 (fun run drop -> TaskCriterion.MatchReference(run, drop)) word fraction ]

    let spec =
        gen {
            let! name = word |> Gen.map (fun w -> "n" + w)
            let! model = path
            let! method = Gen.elements [ Method.AlignGuard; Method.Lora ]
            let! train = data ".train"
            let! eval = data ".eval"
            let! format = Gen.elements [ DataFormat.Auto; DataFormat.Messages; DataFormat.PromptCompletion; DataFormat.Alpaca; DataFormat.ShareGpt; DataFormat.Classification; DataFormat.Text ]
            let! r = upTo 256
            let! alpha = positive
            let! dropout = fraction
            let! targets = targets
            let! flag = Gen.elements [ true; false ]
            let! steps = upTo 1_000_000
            let! sizes = Gen.arrayOfLength 12 (upTo 5000)
            let! weights = Gen.arrayOfLength 8 weight
            let! fractions = Gen.arrayOfLength 8 fraction
            let! schedule = Gen.elements [ Schedule.Constant; Schedule.Linear; Schedule.Cosine ]
            let! seed = Gen.elements [ 0L; 7L; Int64.MaxValue ]
            let! precision = Gen.elements [ Precision.Auto; Precision.Float32; Precision.Bfloat16 ]
            let! threads = Gen.elements [ Nullable(); Nullable 1; Nullable 16 ]
            let! projector = Gen.elements [ Projector.TwoSided; Projector.Left; Projector.Soft; Projector.Random ]
            let! h = Gen.elements [ StabilityMatrix.Identity; StabilityMatrix.TaskFisher ]
            let! metric = Gen.elements [ Metric.FisherDiag; Metric.Euclidean ]
            let! rows = Gen.elements [ RowPolicy.All; RowPolicy.Trim ]
            let! kind = Gen.elements [ FisherKind.Empirical; FisherKind.True ]
            let! form = Gen.elements [ FisherForm.Auto; FisherForm.Dense; FisherForm.Sketch ]
            let! fisherPrompts = prompts ".fisher"
            let! driftPrompts = prompts ".drift"
            let! every = Gen.oneof [ Gen.elements [ DriftSchedule.Segment; DriftSchedule.Final ]; Gen.map DriftSchedule.Steps (upTo 1000) ]
            let! task = task
            let! attempts = upTo 100

            return
                { Name = name
                  Model = model
                  Method = method
                  Data =
                    { Train = train; Eval = eval; Format = format; Labels = (if flag then [| "no"; "yes" |] else [||])
                      OnBadRow = (if flag then BadRows.Skip else BadRows.Fail); MaxSkipped = (if flag then fractions[0] else 0.01); Packing = flag; GroupByLength = (sizes[3] % 2 = 0) }
                  Lora = { R = r; Alpha = alpha; Dropout = dropout; Targets = targets; Exclude = (match targets with LoraTargets.AllLinear -> LoraTargets.Named [||] | some -> some); RsLora = flag; LrRatio = (if flag then weights[7] + 1.0 else 1.0); Dora = (flag && method = Method.Lora) }
                  Train =
                    { Steps = steps; Segment = sizes[0]; Batch = sizes[1]; Accumulate = sizes[2]; Lr = fractions[0]; Warmup = steps / sizes[3]
                      Schedule = schedule; WeightDecay = fractions[1]; Clip = weights[0]; SeqLen = sizes[4] + 1; Seed = seed
                      Precision = precision; Threads = threads; Checkpointing = flag; Watchdog = (if flag then weights[6] + 1.0 else 0.0)
                      MaxSkipped = (if flag then 0.25 else 0.1)
                      EarlyStop = { Patience = sizes[11] - 1; MinDelta = weights[7] } }
                  Guard =
                    { Projector = projector; Rank = { Min = sizes[5]; Max = sizes[5] + sizes[6]; Energy = fractions[2] }
                      RefreshEvery = sizes[7] - 1; LambdaA = weights[1]; LambdaT = weights[2]; LambdaNC = weights[3]; Alpha = fractions[3]
                      Beta = weights[4]; H = h; Metric = metric; ErmRows = sizes[8] - 1; Rows = rows; TrimAt = weights[5] + 0.5 }
                  Fisher =
                    { Prompts = fisherPrompts; Samples = sizes[9] + 100; MinRefusals = 1 + sizes[9] / 2; Kind = kind; Form = form
                      Batch = sizes[10]; Oversample = sizes[11] - 1 }
                  DriftCheck =
                    { Prompts = driftPrompts; Every = every; Size = sizes[1] + 1; Final = sizes[2] + 300; MaxNewTokens = sizes[3]; Batch = sizes[4]; Judges = (if flag then [| "rules"; "a/judge.yaml" |] else [| "rules" |]) }
                  DataGate =
                    { OnFlagged = (if flag then FlaggedRows.Fail else FlaggedRows.Warn); Threshold = fractions[1]; Similarity = (if flag then fractions[2] else 1.0); HiddenSimilarity = (if flag then fractions[1] else 1.0); MaxFlagged = (if flag then fractions[3] else 0.01) }
                  Gate =
                    { RefusalDrop = fractions[4]; OverRefusalRise = fractions[5]; CoherenceDrop = fractions[6]; ToxicityRise = fractions[0]; Disagreement = (if flag then fractions[1] else 0.1); Task = task
                      Confidence = 0.5 + fractions[7] / 2.0; Approval = (if sizes[0] % 2 = 0 then Approval.None else Approval.Required) }
                  Retries = { Attempts = attempts; Backoff = weights[6] } }
        }

    type Arbitraries =
        static member Spec() = Arb.fromGen spec
