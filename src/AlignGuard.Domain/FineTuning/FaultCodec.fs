namespace AlignGuard.Domain.FineTuning

open System.Text.Json
open AlignGuard.Domain.Json

/// Faults in lines of JSON: {"kind":"transient","message":"..."}.
module internal FaultCodec =

    let private kinds =
        [ FaultKind.Transient, "transient"
          FaultKind.BadInput, "bad-input"
          FaultKind.DataChanged, "data-changed"
          FaultKind.Permanent, "permanent" ]

    let write (w: Utf8JsonWriter) (fault: Fault) =
        w.WriteStartObject "fault"
        w.WriteString("kind", kinds |> List.find (fun (kind, _) -> kind = fault.Kind) |> snd)
        w.WriteString("message", fault.Message)
        w.WriteEndObject()

    let read (e: JsonElement) : Fault =
        let kind = JsonLine.text "kind" e

        match kinds |> List.tryFind (fun (_, name) -> name = kind) with
        | Some(known, _) -> { Kind = known; Message = JsonLine.text "message" e }
        | None -> JsonLine.malformed $"the fault kind \"{kind}\" is unknown"
