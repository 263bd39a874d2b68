namespace AlignGuard.Domain.FineTuning

open System.Text.Json
open AlignGuard.Domain.Json
open AlignGuard.Domain.Spec

/// <summary>
/// Events as lines of JSON (events.jsonl): {"v":1,"type":"completed","command":"segment/3","attempt":1,"result":{...}}.
/// Unknown properties are passed over, so a driver may add its own, such as the time.
/// </summary>
module EventCodec =

    /// The version this writes, and the only one it reads.
    [<Literal>]
    let Version = 1

    let private writePlan (w: Utf8JsonWriter) (plan: Plan) =
        w.WriteStartObject "plan"
        w.WriteNumber("steps", plan.Steps)
        w.WriteNumber("segment", plan.SegmentLength)
        w.WriteNumber("refreshEvery", plan.RefreshEvery)
        w.WriteBoolean("guarded", plan.Guarded)

        match plan.Drift with
        | DriftSchedule.Steps n -> w.WriteNumber("drift", n)
        | word -> w.WriteString("drift", string word)

        // Left out where it is not asked for: such plans are written as they always were.
        if plan.Approval then w.WriteBoolean("approval", true)
        w.WriteNumber("attempts", plan.Attempts)
        JsonLine.writeReal w "backoff" plan.BackoffSeconds
        w.WriteNumber("seed", plan.Seed)
        if plan.Patience > 0 then w.WriteNumber("patience", plan.Patience)
        if plan.MinDelta > 0.0 then JsonLine.writeReal w "minDelta" plan.MinDelta
        w.WriteEndObject()

    let private writeResult (w: Utf8JsonWriter) (result: CommandResult) =
        w.WriteStartObject "result"

        match result with
        | CommandResult.BaselineDone -> w.WriteString("type", "baseline")
        | CommandResult.FisherDone -> w.WriteString("type", "fisher")
        | CommandResult.DecomposeDone warnings ->
            w.WriteString("type", "decompose")
            w.WriteStartArray "warnings"
            warnings |> Array.iter w.WriteStringValue
            w.WriteEndArray()
        | CommandResult.SegmentDone(reached, artifact, loss, evalLoss) ->
            w.WriteString("type", "segment")
            w.WriteNumber("reachedStep", reached)
            w.WriteString("artifact", artifact)
            JsonLine.writeReal w "loss" loss
            if evalLoss.HasValue then JsonLine.writeReal w "evalLoss" evalLoss.Value
        | CommandResult.DriftDone summary ->
            w.WriteString("type", "drift")
            JsonLine.writeOptional w "refusal" summary.Refusal
            JsonLine.writeOptional w "overRefusal" summary.OverRefusal
            JsonLine.writeOptional w "helpful" summary.Helpful
            JsonLine.writeOptional w "task" summary.Task
            JsonLine.writeOptional w "refusalMargin" summary.RefusalMargin
            JsonLine.writeOptional w "klPerToken" summary.KlPerToken
            w.WriteString("artifact", summary.Artifact)
        | CommandResult.GateDone accepted ->
            w.WriteString("type", "gate")
            w.WriteBoolean("accepted", accepted)
        | CommandResult.GateDisputed ->
            w.WriteString("type", "gate")
            w.WriteBoolean("accepted", true)
            w.WriteBoolean("disputed", true)
        | CommandResult.ApprovalDone(approved, by) ->
            w.WriteString("type", "approval")
            w.WriteBoolean("approved", approved)
            w.WriteString("by", by)
        | CommandResult.Published reference ->
            w.WriteString("type", "published")
            w.WriteString("reference", reference)

        w.WriteEndObject()

    let private writeCommand (w: Utf8JsonWriter) (commandId: string) (attempt: int) =
        w.WriteString("command", commandId)
        w.WriteNumber("attempt", attempt)

    /// <summary>The event as one line of JSON, without the line's end.</summary>
    let Write (event: Event) : string =
        JsonLine.write (fun w ->
            w.WriteNumber("v", Version)

            match event with
            | Event.Started plan ->
                w.WriteString("type", "started")
                writePlan w plan
            | Event.Completed(commandId, attempt, result) ->
                w.WriteString("type", "completed")
                writeCommand w commandId attempt
                writeResult w result
            | Event.Failed(commandId, attempt, fault) ->
                w.WriteString("type", "failed")
                writeCommand w commandId attempt
                FaultCodec.write w fault
            | Event.BackoffElapsed(commandId, attempt) ->
                w.WriteString("type", "backoffElapsed")
                writeCommand w commandId attempt
            | Event.CancelRequested -> w.WriteString("type", "cancelRequested"))

    let private readPlan (e: JsonElement) : Plan =
        let drift =
            let value = JsonLine.property "drift" e

            match value.ValueKind with
            | JsonValueKind.Number -> DriftSchedule.Steps(value.GetInt32())
            | _ ->
                match JsonLine.text "drift" e with
                | "segment" -> DriftSchedule.Segment
                | "final" -> DriftSchedule.Final
                | other -> JsonLine.malformed $"the drift schedule \"{other}\" is unknown"

        { Steps = JsonLine.integer "steps" e
          SegmentLength = JsonLine.integer "segment" e
          RefreshEvery = JsonLine.integer "refreshEvery" e
          Guarded = JsonLine.flag "guarded" e
          Drift = drift
          Approval = JsonLine.optionalFlag "approval" e
          Attempts = JsonLine.integer "attempts" e
          BackoffSeconds = JsonLine.real "backoff" e
          Seed = (JsonLine.property "seed" e).GetInt64()
          Patience = (match e.TryGetProperty "patience" with | true, value -> value.GetInt32() | _ -> 0)
          MinDelta = (match e.TryGetProperty "minDelta" with | true, _ -> JsonLine.real "minDelta" e | _ -> 0.0) }

    /// Null where the property is left out.
    let private absent (name: string) read (e: JsonElement) : System.Nullable<float> =
        match e.TryGetProperty name with
        | true, _ -> System.Nullable(read name e)
        | _ -> System.Nullable()

    let private readResult (e: JsonElement) : CommandResult =
        match JsonLine.text "type" e with
        | "baseline" -> CommandResult.BaselineDone
        | "fisher" -> CommandResult.FisherDone
        | "decompose" -> CommandResult.DecomposeDone(JsonLine.texts "warnings" e)
        | "segment" -> CommandResult.SegmentDone(JsonLine.integer "reachedStep" e, JsonLine.text "artifact" e, JsonLine.real "loss" e, absent "evalLoss" JsonLine.real e)
        | "drift" ->
            CommandResult.DriftDone
                { Refusal = JsonLine.optional "refusal" e
                  OverRefusal = JsonLine.optional "overRefusal" e
                  Helpful = JsonLine.optional "helpful" e
                  Task = JsonLine.optional "task" e
                  RefusalMargin = JsonLine.optional "refusalMargin" e
                  KlPerToken = JsonLine.optional "klPerToken" e
                  Artifact = JsonLine.text "artifact" e }
        | "gate" when JsonLine.optionalFlag "disputed" e -> CommandResult.GateDisputed
        | "gate" -> CommandResult.GateDone(JsonLine.flag "accepted" e)
        | "approval" -> CommandResult.ApprovalDone(JsonLine.flag "approved" e, JsonLine.text "by" e)
        | "published" -> CommandResult.Published(JsonLine.text "reference" e)
        | other -> JsonLine.malformed $"the result type \"{other}\" is unknown"

    let private readEvent (e: JsonElement) : Event =
        match JsonLine.integer "v" e with
        | Version -> ()
        | other -> JsonLine.malformed $"the event has version {other}; this program reads version {Version}. Use the program that wrote it"

        match JsonLine.text "type" e with
        | "started" -> Event.Started(readPlan (JsonLine.property "plan" e))
        | "completed" -> Event.Completed(JsonLine.text "command" e, JsonLine.integer "attempt" e, readResult (JsonLine.property "result" e))
        | "failed" -> Event.Failed(JsonLine.text "command" e, JsonLine.integer "attempt" e, FaultCodec.read (JsonLine.property "fault" e))
        | "backoffElapsed" -> Event.BackoffElapsed(JsonLine.text "command" e, JsonLine.integer "attempt" e)
        | "cancelRequested" -> Event.CancelRequested
        | other -> JsonLine.malformed $"the event type \"{other}\" is unknown"

    /// <summary>
    /// Reads one line. The error is a sentence, for instance for the torn last line of a log whose writer was killed;
    /// from C#: <c>r.IsOk ? r.ResultValue : ... r.ErrorValue</c>.
    /// </summary>
    let Read (line: string) : Result<Event, string> = JsonLine.read readEvent line
