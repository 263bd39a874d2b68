namespace AlignGuard.Domain.Sweeps

open System
open System.IO
open System.Security.Cryptography
open System.Text
open System.Text.Json
open AlignGuard.Domain.Spec

/// <summary>Sweep files: YAML or JSON in, a valid <see cref="T:AlignGuard.Domain.Sweeps.SweepSpec"/> or all problems at once out.</summary>
module SweepFile =

    /// The largest sweep file read, in bytes of UTF-8 (1 MiB).
    [<Literal>]
    let MaxBytes = JobFile.MaxBytes

    /// The most cells of a sweep.
    [<Literal>]
    let MaxCells = SweepLimits.MaxCells

    let private refused source message hint =
        let reader = SweepReader source
        reader.Refuse message hint
        reader.Result None

    let private sizeHint = "A sweep file has about a kilobyte; is this the right file?"

    /// <summary>Reads a sweep and checks all of it, the values of job keys included. The job file is not read.</summary>
    /// <param name="text">YAML or JSON.</param>
    /// <param name="source">The name that problems give as their place, usually the file's.</param>
    /// <returns>The sweep, or every problem. Never throws for bad input.</returns>
    let Parse (text: string, source: string) : ParsedSweep =
        if Encoding.UTF8.GetByteCount text > MaxBytes then
            refused source "the file is larger than 1 MiB." sizeHint
        else
            let reader = SweepReader source
            reader.Result(reader.Read text)

    /// <summary>As <c>Parse</c>, from the bytes of a file: strict UTF-8, with or without a byte order mark.</summary>
    let ParseUtf8 (bytes: byte[], source: string) : ParsedSweep =
        if bytes.Length > MaxBytes then
            refused source $"the file has {bytes.Length} bytes, more than 1 MiB." sizeHint
        else
            try
                Parse(UTF8Encoding(false, true).GetString bytes, source)
            with :? DecoderFallbackException as bad ->
                refused source $"the file is not UTF-8 (byte {bad.Index})." "Save it as UTF-8."

    /// <summary>
    /// SHA-256 of name, cells and hopeless rule in canonical JSON, 64 lower-case hexadecimal digits. Neither parallel,
    /// which changes no result, nor the job file's path or content is part of it.
    /// </summary>
    let Hash (spec: SweepSpec) : string =
        use stream = new MemoryStream()
        use writer = new Utf8JsonWriter(stream)
        writer.WriteStartObject()
        writer.WriteString("name", spec.Name)
        writer.WriteStartArray "cells"

        for cell in spec.Cells do
            writer.WriteStartArray()
            cell.Overrides |> Array.iter writer.WriteStringValue
            writer.WriteEndArray()

        writer.WriteEndArray()

        match spec.Hopeless with
        | None -> writer.WriteNull "hopeless"
        | Some rule ->
            writer.WriteStartObject "hopeless"
            writer.WriteNumber("after", rule.After)
            writer.WriteNumber("refusalDrop", rule.RefusalDrop)
            writer.WriteEndObject()

        writer.WriteEndObject()
        writer.Flush()
        stream.ToArray() |> SHA256.HashData |> Convert.ToHexStringLower
