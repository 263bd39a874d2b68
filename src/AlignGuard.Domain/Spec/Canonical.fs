namespace AlignGuard.Domain.Spec

open System
open System.IO
open System.Security.Cryptography
open System.Text
open System.Text.Json

/// Canonical JSON: the keys of the schema in its order, every default filled in, no white space, invariant culture.
module internal Canonical =

    let private writeValue (writer: Utf8JsonWriter) (name: string) value =
        match value with
        | Written.Absent -> ()
        | Written.Text text -> writer.WriteString(name, text)
        | Written.Integer n -> writer.WriteNumber(name, n)
        | Written.Real x -> writer.WriteNumber(name, x)
        | Written.Flag flag -> writer.WriteBoolean(name, flag)
        | Written.Texts texts ->
            writer.WriteStartArray name
            texts |> Array.iter writer.WriteStringValue
            writer.WriteEndArray()

    let serialise (spec: JobSpec) : string =
        use stream = new MemoryStream()
        use writer = new Utf8JsonWriter(stream)

        /// Writes keys that share a prefix; those of a group stand together in the table.
        let rec write (depth: int) (keys: (string[] * Written) list) =
            match keys with
            | [] -> ()
            | (path, value) :: rest when path.Length = depth + 1 ->
                writeValue writer path[depth] value
                write depth rest
            | (path, _) :: _ ->
                let group = path[depth]
                let inside, rest = keys |> List.partition (fun (p, _) -> p[depth] = group)
                writer.WriteStartObject group
                write (depth + 1) inside
                writer.WriteEndObject()
                write depth rest

        writer.WriteStartObject()
        write 0 (Schema.keys |> List.map (fun key -> key.Path.Split '.', key.Write spec))
        writer.WriteEndObject()
        writer.Flush()
        Encoding.UTF8.GetString(stream.GetBuffer(), 0, int stream.Length)

    let hash (spec: JobSpec) : string =
        serialise spec |> Encoding.UTF8.GetBytes |> SHA256.HashData |> Convert.ToHexStringLower
