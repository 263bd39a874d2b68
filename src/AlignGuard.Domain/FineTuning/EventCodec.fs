namespace AlignGuard.Domain.FineTuning

open System
open System.Globalization
open System.IO
open System.Text
open System.Text.Json
open AlignGuard.Domain.Spec

/// <summary>
/// Events as lines of JSON (events.jsonl): {"v":1,"type":"completed","command":"segment/3","attempt":1,"result":{...}}.
/// Unknown properties are passed over, so a driver may add its own, such as the time.
/// </summary>
module EventCodec =

    /// The version this writes, and the only one it reads.
    [<Literal>]
    let Version = 1

    /// What is wrong with a line; caught in Read.
    type private Malformed(message: string) =
        inherit Exception(message)

    let private malformed message = raise (Malformed message)

    // Writing. JSON has no NaN and no infinities; a diverged loss must still be written down.
    let private writeReal (w: Utf8JsonWriter) (name: string) (value: float) =
        if Double.IsFinite value then w.WriteNumber(name, value)
        else w.WriteString(name, value.ToString CultureInfo.InvariantCulture)

    let private writeOptional (w: Utf8JsonWriter) name (value: Nullable<float>) =
        if value.HasValue then writeReal w name value.Value

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
        writeReal w "backoff" plan.BackoffSeconds
        w.WriteNumber("seed", plan.Seed)
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
        | CommandResult.SegmentDone(reached, artifact, loss) ->
            w.WriteString("type", "segment")
            w.WriteNumber("reachedStep", reached)
            w.WriteString("artifact", artifact)
            writeReal w "loss" loss
        | CommandResult.DriftDone summary ->
            w.WriteString("type", "drift")
            writeOptional w "refusal" summary.Refusal
            writeOptional w "overRefusal" summary.OverRefusal
            writeOptional w "helpful" summary.Helpful
            writeOptional w "task" summary.Task
            writeOptional w "refusalMargin" summary.RefusalMargin
            writeOptional w "klPerToken" summary.KlPerToken
            w.WriteString("artifact", summary.Artifact)
        | CommandResult.GateDone accepted ->
            w.WriteString("type", "gate")
            w.WriteBoolean("accepted", accepted)
        | CommandResult.ApprovalDone(approved, by) ->
            w.WriteString("type", "approval")
            w.WriteBoolean("approved", approved)
            w.WriteString("by", by)
        | CommandResult.Published reference ->
            w.WriteString("type", "published")
            w.WriteString("reference", reference)

        w.WriteEndObject()

    let private kinds =
        [ FaultKind.Transient, "transient"
          FaultKind.BadInput, "bad-input"
          FaultKind.DataChanged, "data-changed"
          FaultKind.Permanent, "permanent" ]

    let private writeFault (w: Utf8JsonWriter) (fault: Fault) =
        w.WriteStartObject "fault"
        w.WriteString("kind", kinds |> List.find (fun (kind, _) -> kind = fault.Kind) |> snd)
        w.WriteString("message", fault.Message)
        w.WriteEndObject()

    let private writeCommand (w: Utf8JsonWriter) (commandId: string) (attempt: int) =
        w.WriteString("command", commandId)
        w.WriteNumber("attempt", attempt)

    /// <summary>The event as one line of JSON, without the line's end.</summary>
    let Write (event: Event) : string =
        use stream = new MemoryStream()
        use w = new Utf8JsonWriter(stream)
        w.WriteStartObject()
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
            writeFault w fault
        | Event.BackoffElapsed(commandId, attempt) ->
            w.WriteString("type", "backoffElapsed")
            writeCommand w commandId attempt
        | Event.CancelRequested -> w.WriteString("type", "cancelRequested")

        w.WriteEndObject()
        w.Flush()
        Encoding.UTF8.GetString(stream.GetBuffer(), 0, int stream.Length)

    // Reading: every accessor names the property it missed.
    let private property (name: string) (e: JsonElement) =
        match e.ValueKind, lazy (e.TryGetProperty name) with
        | JsonValueKind.Object, Lazy(true, value) -> value
        | _ -> malformed $"the property \"{name}\" is missing"

    let private text name (e: JsonElement) : string =
        match (property name e).GetString() with
        | null -> malformed $"\"{name}\" is null, not a text"
        | value -> value

    let private asReal name (value: JsonElement) =
        match value.ValueKind with
        | JsonValueKind.Number -> value.GetDouble()
        | JsonValueKind.String ->
            match value.GetString() with
            | "NaN" -> nan
            | "Infinity" -> infinity
            | "-Infinity" -> -infinity
            | other -> malformed $"\"{name}\" is \"{other}\", not a number"
        | other -> malformed $"\"{name}\" is of kind {other}, not a number"

    let private integer name (e: JsonElement) = (property name e).GetInt32()
    let private flag name (e: JsonElement) = (property name e).GetBoolean()
    let private real name (e: JsonElement) = asReal name (property name e)

    let private optional (name: string) (e: JsonElement) : Nullable<float> =
        match e.TryGetProperty name with
        | true, value when value.ValueKind <> JsonValueKind.Null -> Nullable(asReal name value)
        | _ -> Nullable()

    let private texts name (e: JsonElement) =
        [| for item in (property name e).EnumerateArray() do
               match item.GetString() with
               | null -> malformed $"\"{name}\" holds null"
               | value -> value |]

    let private readPlan (e: JsonElement) : Plan =
        let drift =
            let value = property "drift" e

            match value.ValueKind with
            | JsonValueKind.Number -> DriftSchedule.Steps(value.GetInt32())
            | _ ->
                match text "drift" e with
                | "segment" -> DriftSchedule.Segment
                | "final" -> DriftSchedule.Final
                | other -> malformed $"the drift schedule \"{other}\" is unknown"

        { Steps = integer "steps" e
          SegmentLength = integer "segment" e
          RefreshEvery = integer "refreshEvery" e
          Guarded = flag "guarded" e
          Drift = drift
          Approval = (match e.TryGetProperty "approval" with | true, value -> value.GetBoolean() | _ -> false)
          Attempts = integer "attempts" e
          BackoffSeconds = real "backoff" e
          Seed = (property "seed" e).GetInt64() }

    let private readResult (e: JsonElement) : CommandResult =
        match text "type" e with
        | "baseline" -> CommandResult.BaselineDone
        | "fisher" -> CommandResult.FisherDone
        | "decompose" -> CommandResult.DecomposeDone(texts "warnings" e)
        | "segment" -> CommandResult.SegmentDone(integer "reachedStep" e, text "artifact" e, real "loss" e)
        | "drift" ->
            CommandResult.DriftDone
                { Refusal = optional "refusal" e
                  OverRefusal = optional "overRefusal" e
                  Helpful = optional "helpful" e
                  Task = optional "task" e
                  RefusalMargin = optional "refusalMargin" e
                  KlPerToken = optional "klPerToken" e
                  Artifact = text "artifact" e }
        | "gate" -> CommandResult.GateDone(flag "accepted" e)
        | "approval" -> CommandResult.ApprovalDone(flag "approved" e, text "by" e)
        | "published" -> CommandResult.Published(text "reference" e)
        | other -> malformed $"the result type \"{other}\" is unknown"

    let private readFault (e: JsonElement) : Fault =
        let kind = text "kind" e

        match kinds |> List.tryFind (fun (_, name) -> name = kind) with
        | Some(known, _) -> { Kind = known; Message = text "message" e }
        | None -> malformed $"the fault kind \"{kind}\" is unknown"

    let private readEvent (e: JsonElement) : Event =
        match integer "v" e with
        | Version -> ()
        | other -> malformed $"the event has version {other}; this program reads version {Version}. Use the program that wrote it"

        match text "type" e with
        | "started" -> Event.Started(readPlan (property "plan" e))
        | "completed" -> Event.Completed(text "command" e, integer "attempt" e, readResult (property "result" e))
        | "failed" -> Event.Failed(text "command" e, integer "attempt" e, readFault (property "fault" e))
        | "backoffElapsed" -> Event.BackoffElapsed(text "command" e, integer "attempt" e)
        | "cancelRequested" -> Event.CancelRequested
        | other -> malformed $"the event type \"{other}\" is unknown"

    /// <summary>
    /// Reads one line. The error is a sentence, for instance for the torn last line of a log whose writer was killed;
    /// from C#: <c>r.IsOk ? r.ResultValue : ... r.ErrorValue</c>.
    /// </summary>
    let Read (line: string) : Result<Event, string> =
        try
            use document = JsonDocument.Parse line
            Ok(readEvent document.RootElement)
        with
        | :? Malformed as bad -> Error $"Not an event: {bad.Message}."
        | :? JsonException as bad -> Error $"Not an event: the line is not JSON ({bad.Message})"
        // JsonElement's accessors, for a value of the wrong kind or out of range.
        | :? InvalidOperationException as bad -> Error $"Not an event: {bad.Message}"
        | :? FormatException as bad -> Error $"Not an event: {bad.Message}"
