module AlignGuard.Domain.Tests.Sweeps.SweepTableTests

open System
open System.Globalization
open FsCheck.FSharp
open FsCheck.Xunit
open Xunit
open AlignGuard.Domain.Sweeps
open AlignGuard.Domain.Tests.Sweeps

/// A plain reader of RFC 4180.
let private readCsv (text: string) : string list list =
    let rec fields (i: int) (field: string) (row: string list) (rows: string list list) =
        if i >= text.Length then List.rev rows
        elif field = "" && text[i] = '"' then quoted (i + 1) "" row rows
        elif text[i] = ',' then fields (i + 1) "" (field :: row) rows
        elif text[i] = '\r' && text[i + 1] = '\n' then fields (i + 2) "" [] (List.rev (field :: row) :: rows)
        else fields (i + 1) (field + string text[i]) row rows

    and quoted i field row rows =
        if text[i] = '"' && text[i + 1] = '"' then quoted (i + 2) (field + "\"") row rows
        elif text[i] = '"' then closed (i + 1) field row rows
        else quoted (i + 1) (field + string text[i]) row rows

    and closed i field row rows =
        if text[i] = ',' then fields (i + 1) "" (field :: row) rows
        else fields (i + 2) "" [] (List.rev (field :: row) :: rows)

    fields 0 "" [] []

let private row: SweepRow =
    { Cell = 0; Label = "train.seed=1"; Overrides = [| "train.seed=1" |]; RunId = "r"; Outcome = "accepted"; Reason = ""; Step = 10; Refusal = Nullable 0.5
      OverRefusal = Nullable(); Helpful = Nullable(); Task = Nullable 1e-7; RefusalKept = Nullable 1.0; OnFront = true }

let private text =
    Gen.listOf (Gen.elements [ "a"; ","; "\""; "\r\n"; "\n"; "="; "-"; "+"; "@"; "é"; " "; "1"; "'"; "\t" ]) |> Gen.map (String.concat "")

let private figure = Gen.oneof [ Gen.constant (Nullable()); Gen.map (fun n -> Nullable(float n / 7.0)) (Gen.choose (-10, 10)) ]

let private rows =
    Gen.arrayOf (
        gen {
            let! label = text
            let! reason = text
            let! run = text
            let! value = text
            let! figures = Gen.arrayOfLength 5 figure
            let! key = Gen.elements [ "model"; "data.train" ]

            return
                { row with
                    Label = label; Reason = reason; RunId = run; Overrides = [| $"{key}={value}" |]; Refusal = figures[0]; OverRefusal = figures[1]
                    Helpful = figures[2]; Task = figures[3]; RefusalKept = figures[4] }
        }
    )

type Arbitraries =
    static member Rows() = Arb.fromGen rows

let private isNumber (text: string) = Double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture) |> fst

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``what is written as CSV is read back`` (rows: SweepRow[]) =
    match readCsv (SweepTable.Csv rows) with
    | [] -> false
    | header :: lines ->
        let get name (line: string list) = line[List.findIndex ((=) name) header]
        // Only the apostrophe of the formula guard is not in the text.
        let isText (original: string) (written: string) = written = original || written = "'" + original
        let isFigure (original: Nullable<float>) (written: string) =
            if original.HasValue then Double.Parse(written, CultureInfo.InvariantCulture) = original.Value else written = ""

        let same (row: SweepRow) line =
            let key, value = let o = row.Overrides[0] in o.Substring(0, o.IndexOf '='), o.Substring(o.IndexOf '=' + 1)

            isText row.Label (get "label" line)
            && isText row.Reason (get "reason" line)
            && isText row.RunId (get "run" line)
            && isText value (get key line)
            && isFigure row.Refusal (get "refusal" line)
            && isFigure row.OverRefusal (get "overRefusal" line)
            && isFigure row.Helpful (get "helpful" line)
            && isFigure row.Task (get "task" line)
            && isFigure row.RefusalKept (get "refusalKept" line)

        lines.Length = rows.Length && List.forall2 same (List.ofArray rows) lines

[<Property(Arbitrary = [| typeof<Arbitraries> |])>]
let ``no field is a formula`` (rows: SweepRow[]) =
    readCsv (SweepTable.Csv rows)
    |> List.concat
    |> List.forall (fun field -> field = "" || not (Seq.contains field[0] "=+-@\t\r") || isNumber field)

[<Fact>]
let ``numbers are invariant and texts are guarded`` () =
    let culture = CultureInfo.CurrentCulture

    try
        CultureInfo.CurrentCulture <- CultureInfo.GetCultureInfo "de-DE"

        let guarded =
            { row with Cell = 1; Label = "=1+1"; Reason = "say \"no\", twice"; Overrides = [| "guard.lambdaA=-0.5"; "model=@x" |]; Task = Nullable -0.25; Refusal = Nullable nan; OnFront = false }

        let expected =
            "cell,label,outcome,reason,run,step,refusal,overRefusal,helpful,task,refusalKept,onFront,train.seed,guard.lambdaA,model\r\n"
            + "0,train.seed=1,accepted,,r,10,0.5,,,1E-07,1,true,1,,\r\n"
            + "1,'=1+1,accepted,\"say \"\"no\"\", twice\",r,10,NaN,,,-0.25,1,false,,-0.5,'@x\r\n"

        Assert.Equal(expected, SweepTable.Csv [| row; guarded |])
    finally
        CultureInfo.CurrentCulture <- culture

[<Fact>]
let ``a sweep without rows is a header`` () =
    Assert.Equal("cell,label,outcome,reason,run,step,refusal,overRefusal,helpful,task,refusalKept,onFront\r\n", SweepTable.Csv [||])

let private spec =
    match SweepFile.Parse("name: s\njob: j\ngrid: { train.seed: [0, 1, 2, 3, 4, 5] }\nparallel: 3\n", "s") with
    | { Spec = Some spec } -> spec
    | _ -> failwith "The sweep is not valid."

[<Fact>]
let ``rows follow the sweep; the front is that of the runs that went to their end`` () =
    let ended cell outcome kept task =
        SweepEvent.CellEnded(cell, 1, { SweepDriver.result outcome with RunId = $"r{cell}"; RefusalKept = Nullable kept; Task = Nullable task })

    let state =
        SweepDecider.Fold
            [ SweepEvent.Started(SweepPlan.Of(spec, fun _ -> "k"))
              SweepEvent.Prepared("k", 1)
              ended 2 CellOutcome.Accepted 0.9 0.6
              ended 0 CellOutcome.Rejected 0.8 0.7
              ended 1 CellOutcome.Rejected 0.8 0.6
              ended 3 (CellOutcome.Failed "it broke") 1.0 1.0
              SweepEvent.Progressed(4, 1, SweepDriver.progress 4 50) ]

    let rows = SweepTable.Rows(spec, state)
    Assert.Equal<int>([ 0..5 ], rows |> Array.map _.Cell)
    Assert.Equal<string>([ "rejected"; "rejected"; "accepted"; "failed"; "running"; "running" ], rows |> Array.map _.Outcome)
    Assert.Equal<bool>([ true; false; true; false; false; false ], rows |> Array.map _.OnFront)
    Assert.Equal<string>([ "r0"; "r1"; "r2"; "r3"; ""; "" ], rows |> Array.map _.RunId)
    Assert.Equal(("it broke", 4, 0), (rows[3].Reason, rows[4].Step, rows[5].Step))
    Assert.Equal<string>(spec.Cells |> Array.map _.Label, rows |> Array.map _.Label)

[<Fact>]
let ``before the start every cell waits`` () =
    Assert.All(SweepTable.Rows(spec, SweepDecider.Initial), fun row -> Assert.Equal(("waiting", false), (row.Outcome, row.OnFront)))
