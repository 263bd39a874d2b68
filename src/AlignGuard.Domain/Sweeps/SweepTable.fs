namespace AlignGuard.Domain.Sweeps

open System
open System.Globalization

/// <summary>A cell with what came of it, for people and for other programs. Figures are shares 0..1, null = not measured.</summary>
[<NoComparison>]
type SweepRow =
    {
        /// The cell's index.
        Cell: int
        Label: string
        /// "key=value" each.
        Overrides: string[]
        /// Empty when no run began.
        RunId: string
        /// "accepted", "rejected", "failed", "cancelled" or "hopeless"; "waiting" or "running" before the end.
        Outcome: string
        /// Why it failed or was hopeless; empty otherwise.
        Reason: string
        /// Optimiser steps done.
        Step: int
        Refusal: Nullable<float>
        OverRefusal: Nullable<float>
        Helpful: Nullable<float>
        Task: Nullable<float>
        RefusalKept: Nullable<float>
        /// On the front of refusals kept and task score, among the runs that went to their end.
        OnFront: bool
    }

/// <summary>The results of a sweep as a table.</summary>
module SweepTable =

    let private row (state: SweepState) (cell: Cell) : SweepRow =
        let known = state.Cells |> Array.tryFind (fun c -> c.Index = cell.Index)
        let ended = known |> Option.bind _.Result
        let stage = if state.IsRunning cell.Index then "running" else "waiting"
        let result = defaultArg ended (CellResult.NotRun CellOutcome.Cancelled)

        { Cell = cell.Index
          Label = cell.Label
          Overrides = cell.Overrides
          RunId = result.RunId
          Outcome = (if ended.IsSome then string result.Outcome else stage)
          Reason =
            (match result.Outcome with
             | CellOutcome.Failed why | CellOutcome.Hopeless why -> why
             | CellOutcome.Accepted | CellOutcome.Rejected | CellOutcome.Cancelled -> "")
          Step =
            (match ended, known |> Option.bind _.Progress with
             | None, Some progress -> progress.Step
             | _ -> result.Step)
          Refusal = result.Refusal
          OverRefusal = result.OverRefusal
          Helpful = result.Helpful
          Task = result.Task
          RefusalKept = result.RefusalKept
          OnFront = false }

    /// Figures of half a run are not comparable: few steps keep refusals and teach little.
    let private point (row: SweepRow) =
        match row.Outcome with
        | "accepted" | "rejected" -> struct (row.RefusalKept, row.Task)
        | _ -> struct (Nullable(), Nullable())

    /// <summary>One row for each cell of the sweep, in its order.</summary>
    let Rows (spec: SweepSpec, state: SweepState) : SweepRow[] =
        let rows = spec.Cells |> Array.map (row state)
        Array.map2 (fun row onFront -> { row with OnFront = onFront }) rows (rows |> Array.map point |> Pareto.Front)

    let private invariant (value: float) = value.ToString("R", CultureInfo.InvariantCulture)

    /// A spreadsheet runs a text that begins so as a formula; an apostrophe keeps it a text. Numbers are left alone.
    let private tame (text: string) =
        let isNumber, _ = Double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture)
        if text <> "" && Seq.contains text[0] "=+-@\t\r" && not isNumber then "'" + text else text

    /// RFC 4180: a field with a comma, a quote or a line's end is put into quotes, its quotes doubled.
    let private field (text: string) =
        let text = tame text
        if text.IndexOfAny [| ','; '"'; '\r'; '\n' |] >= 0 then "\"" + text.Replace("\"", "\"\"") + "\"" else text

    let private number (value: Nullable<float>) = if value.HasValue then invariant value.Value else ""

    let private columns: (string * (SweepRow -> string)) list =
        [ "cell", (fun row -> row.Cell.ToString CultureInfo.InvariantCulture)
          "label", _.Label
          "outcome", _.Outcome
          "reason", _.Reason
          "run", _.RunId
          "step", (fun row -> row.Step.ToString CultureInfo.InvariantCulture)
          "refusal", (fun row -> number row.Refusal)
          "overRefusal", (fun row -> number row.OverRefusal)
          "helpful", (fun row -> number row.Helpful)
          "task", (fun row -> number row.Task)
          "refusalKept", (fun row -> number row.RefusalKept)
          "onFront", (fun row -> if row.OnFront then "true" else "false") ]

    let private split (setting: string) =
        match setting.IndexOf '=' with
        | -1 -> setting, ""
        | i -> setting.Substring(0, i), setting.Substring(i + 1)

    let private overridden key (row: SweepRow) =
        row.Overrides |> Array.map split |> Array.tryFind (fun (k, _) -> k = key) |> Option.map snd |> Option.defaultValue ""

    /// <summary>
    /// The rows as CSV (RFC 4180, a header, lines end in CRLF): cell, label, outcome, reason, run, step, refusal,
    /// overRefusal, helpful, task, refusalKept, onFront, then a column for each key that some cell overrides. Numbers are
    /// invariant, missing ones empty; a text that a spreadsheet would run as a formula gets a leading apostrophe.
    /// </summary>
    let Csv (rows: SweepRow[]) : string =
        let keys = rows |> Array.collect _.Overrides |> Array.map (split >> fst) |> Array.distinct |> List.ofArray
        let columns = columns @ (keys |> List.map (fun key -> key, overridden key))
        let line (fields: string list) = String.Join(",", fields |> List.map field) + "\r\n"
        let lines = rows |> Array.map (fun row -> line (columns |> List.map (fun (_, read) -> read row)))
        line (List.map fst columns) + String.Join("", lines)
