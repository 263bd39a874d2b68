namespace AlignGuard.Domain.Json

open System
open System.Globalization
open System.IO
open System.Text
open System.Text.Json

/// Writes and reads the properties of one line of JSON. Reading names the property it missed.
module internal JsonLine =

    /// What is wrong with a line; caught in read.
    type private Malformed(message: string) =
        inherit Exception(message)

    let malformed message = raise (Malformed message)

    /// JSON has no NaN and no infinities; a diverged figure must still be written down.
    let writeReal (w: Utf8JsonWriter) (name: string) (value: float) =
        if Double.IsFinite value then w.WriteNumber(name, value)
        else w.WriteString(name, value.ToString CultureInfo.InvariantCulture)

    let writeOptional (w: Utf8JsonWriter) name (value: Nullable<float>) =
        if value.HasValue then writeReal w name value.Value

    /// One object, without the line's end.
    let write (body: Utf8JsonWriter -> unit) : string =
        use stream = new MemoryStream()
        use w = new Utf8JsonWriter(stream)
        w.WriteStartObject()
        body w
        w.WriteEndObject()
        w.Flush()
        Encoding.UTF8.GetString(stream.GetBuffer(), 0, int stream.Length)

    let tryProperty (name: string) (e: JsonElement) : JsonElement option =
        match e.ValueKind with
        | JsonValueKind.Object ->
            match e.TryGetProperty name with
            | true, value when value.ValueKind <> JsonValueKind.Null -> Some value
            | _ -> None
        | _ -> None

    let property (name: string) (e: JsonElement) : JsonElement =
        match e.ValueKind, lazy (e.TryGetProperty name) with
        | JsonValueKind.Object, Lazy(true, value) -> value
        | _ -> malformed $"the property \"{name}\" is missing"

    let text name (e: JsonElement) : string =
        match (property name e).GetString() with
        | null -> malformed $"\"{name}\" is null, not a text"
        | value -> value

    let integer name (e: JsonElement) : int = (property name e).GetInt32()

    let flag name (e: JsonElement) : bool = (property name e).GetBoolean()

    /// False where it is left out.
    let optionalFlag (name: string) (e: JsonElement) : bool = (match e.TryGetProperty name with | true, value -> value.GetBoolean() | _ -> false)

    let texts name (e: JsonElement) : string[] =
        [| for item in (property name e).EnumerateArray() do
               match item.GetString() with
               | null -> malformed $"\"{name}\" holds null"
               | value -> value |]

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

    let real name (e: JsonElement) : float = asReal name (property name e)

    let optional name (e: JsonElement) : Nullable<float> =
        match tryProperty name e with
        | Some value -> Nullable(asReal name value)
        | None -> Nullable()

    /// The value of a line, or a sentence that says why it has none.
    let read (body: JsonElement -> 'T) (line: string) : Result<'T, string> =
        try
            use document = JsonDocument.Parse line
            Ok(body document.RootElement)
        with
        | :? Malformed as bad -> Error $"Not an event: {bad.Message}."
        | :? JsonException as bad -> Error $"Not an event: the line is not JSON ({bad.Message})"
        // JsonElement's accessors, for a value of the wrong kind or out of range.
        | :? InvalidOperationException as bad -> Error $"Not an event: {bad.Message}"
        | :? FormatException as bad -> Error $"Not an event: {bad.Message}"
