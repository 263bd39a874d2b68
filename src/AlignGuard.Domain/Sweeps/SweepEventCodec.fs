namespace AlignGuard.Domain.Sweeps

open System.Text.Json
open AlignGuard.Domain.FineTuning
open AlignGuard.Domain.Json

/// <summary>
/// Events as lines of JSON: {"v":1,"type":"cellEnded","cell":3,"attempt":1,"result":{...}}.
/// Unknown properties are passed over, so a driver may add its own, such as the time.
/// </summary>
module SweepEventCodec =

    /// The version this writes, and the only one it reads.
    [<Literal>]
    let Version = 1

    let private writePlan (w: Utf8JsonWriter) (plan: SweepPlan) =
        w.WriteStartObject "plan"
        w.WriteNumber("parallel", plan.Parallel)

        match plan.Hopeless with
        | None -> ()
        | Some rule ->
            w.WriteStartObject "hopeless"
            JsonLine.writeReal w "after" rule.After
            JsonLine.writeReal w "refusalDrop" rule.RefusalDrop
            w.WriteEndObject()

        w.WriteStartArray "cells"

        for cell in plan.Cells do
            w.WriteStartObject()
            w.WriteNumber("index", cell.Index)
            w.WriteString("label", cell.Label)
            w.WriteString("key", cell.SharedKey)
            w.WriteEndObject()

        w.WriteEndArray()
        w.WriteEndObject()

    let private writeResult (w: Utf8JsonWriter) (result: CellResult) =
        w.WriteStartObject "result"
        w.WriteString("outcome", string result.Outcome)

        match result.Outcome with
        | CellOutcome.Failed why | CellOutcome.Hopeless why -> w.WriteString("reason", why)
        | CellOutcome.Accepted | CellOutcome.Rejected | CellOutcome.Cancelled -> ()

        w.WriteString("run", result.RunId)
        w.WriteNumber("step", result.Step)
        JsonLine.writeOptional w "refusal" result.Refusal
        JsonLine.writeOptional w "overRefusal" result.OverRefusal
        JsonLine.writeOptional w "helpful" result.Helpful
        JsonLine.writeOptional w "task" result.Task
        JsonLine.writeOptional w "refusalKept" result.RefusalKept
        w.WriteEndObject()

    let private writeCell (w: Utf8JsonWriter) (cell: int) (attempt: int) =
        w.WriteNumber("cell", cell)
        w.WriteNumber("attempt", attempt)

    let private writeKey (w: Utf8JsonWriter) (key: string) (attempt: int) =
        w.WriteString("key", key)
        w.WriteNumber("attempt", attempt)

    /// <summary>The event as one line of JSON, without the line's end.</summary>
    let Write (event: SweepEvent) : string =
        JsonLine.write (fun w ->
            w.WriteNumber("v", Version)

            match event with
            | SweepEvent.Started plan ->
                w.WriteString("type", "started")
                writePlan w plan
            | SweepEvent.Prepared(key, attempt) ->
                w.WriteString("type", "prepared")
                writeKey w key attempt
            | SweepEvent.PrepareFailed(key, attempt, fault) ->
                w.WriteString("type", "prepareFailed")
                writeKey w key attempt
                FaultCodec.write w fault
            | SweepEvent.Progressed(cell, attempt, progress) ->
                w.WriteString("type", "progressed")
                writeCell w cell attempt
                w.WriteNumber("step", progress.Step)
                w.WriteNumber("steps", progress.Steps)
                w.WriteNumber("refused", progress.Refused)
                w.WriteNumber("asked", progress.Asked)
                w.WriteNumber("baseRefused", progress.BaseRefused)
            | SweepEvent.CellEnded(cell, attempt, result) ->
                w.WriteString("type", "cellEnded")
                writeCell w cell attempt
                writeResult w result
            | SweepEvent.Stopped(cell, attempt) ->
                w.WriteString("type", "stopped")
                writeCell w cell attempt
            | SweepEvent.CancelRequested -> w.WriteString("type", "cancelRequested")
            | SweepEvent.Retried attempt ->
                w.WriteString("type", "retried")
                w.WriteNumber("attempt", attempt))

    let private readPlan (e: JsonElement) : SweepPlan =
        { Cells =
            [| for cell in (JsonLine.property "cells" e).EnumerateArray() do
                   { Index = JsonLine.integer "index" cell; Label = JsonLine.text "label" cell; SharedKey = JsonLine.text "key" cell } |]
          Parallel = JsonLine.integer "parallel" e
          Hopeless =
            JsonLine.tryProperty "hopeless" e
            |> Option.map (fun rule -> { After = JsonLine.real "after" rule; RefusalDrop = JsonLine.real "refusalDrop" rule }) }

    let private readResult (e: JsonElement) : CellResult =
        let outcome =
            match JsonLine.text "outcome" e with
            | "accepted" -> CellOutcome.Accepted
            | "rejected" -> CellOutcome.Rejected
            | "failed" -> CellOutcome.Failed(JsonLine.text "reason" e)
            | "cancelled" -> CellOutcome.Cancelled
            | "hopeless" -> CellOutcome.Hopeless(JsonLine.text "reason" e)
            | other -> JsonLine.malformed $"the outcome \"{other}\" is unknown"

        { Outcome = outcome
          RunId = JsonLine.text "run" e
          Step = JsonLine.integer "step" e
          Refusal = JsonLine.optional "refusal" e
          OverRefusal = JsonLine.optional "overRefusal" e
          Helpful = JsonLine.optional "helpful" e
          Task = JsonLine.optional "task" e
          RefusalKept = JsonLine.optional "refusalKept" e }

    let private readProgress (e: JsonElement) : CellProgress =
        { Step = JsonLine.integer "step" e
          Steps = JsonLine.integer "steps" e
          Refused = JsonLine.integer "refused" e
          Asked = JsonLine.integer "asked" e
          BaseRefused = JsonLine.integer "baseRefused" e }

    let private readEvent (e: JsonElement) : SweepEvent =
        match JsonLine.integer "v" e with
        | Version -> ()
        | other -> JsonLine.malformed $"the event has version {other}; this program reads version {Version}. Use the program that wrote it"

        let cell () = JsonLine.integer "cell" e
        let key () = JsonLine.text "key" e
        let attempt () = JsonLine.integer "attempt" e

        match JsonLine.text "type" e with
        | "started" -> SweepEvent.Started(readPlan (JsonLine.property "plan" e))
        | "prepared" -> SweepEvent.Prepared(key (), attempt ())
        | "prepareFailed" -> SweepEvent.PrepareFailed(key (), attempt (), FaultCodec.read (JsonLine.property "fault" e))
        | "progressed" -> SweepEvent.Progressed(cell (), attempt (), readProgress e)
        | "cellEnded" -> SweepEvent.CellEnded(cell (), attempt (), readResult (JsonLine.property "result" e))
        | "stopped" -> SweepEvent.Stopped(cell (), attempt ())
        | "cancelRequested" -> SweepEvent.CancelRequested
        | "retried" -> SweepEvent.Retried(attempt ())
        | other -> JsonLine.malformed $"the event type \"{other}\" is unknown"

    /// <summary>
    /// Reads one line. The error is a sentence, for instance for the torn last line of a log whose writer was killed;
    /// from C#: <c>r.IsOk ? r.ResultValue : ... r.ErrorValue</c>.
    /// </summary>
    let Read (line: string) : Result<SweepEvent, string> = JsonLine.read readEvent line
