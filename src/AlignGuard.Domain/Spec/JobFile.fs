namespace AlignGuard.Domain.Spec

open System
open System.Collections.Generic
open System.Text

/// <summary>A row of the schema, for help and documentation.</summary>
type KeyInfo =
    {
        /// E.g. "guard.rank.min".
        Path: string
        /// What a value must be, as a noun: "an integer from 1 to 65536".
        Expects: string
        /// The default as a job file would spell it; null when there is none.
        Default: string | null
        /// True when a job without the key is refused.
        Required: bool
        /// E.g. "optimiser steps"; empty when the value has none.
        Unit: string
        /// One sentence.
        Doc: string
    }

/// <summary>What came of reading a job.</summary>
[<NoComparison>]
type ParsedJob =
    {
        /// The job; None (null in C#) when there are problems.
        Spec: JobSpec option
        /// Everything that is wrong, in the order of the text; empty when there is a job.
        Problems: Problem[]
        /// What is allowed but odd, such as a guard key under method: lora.
        Warnings: Problem[]
    }

    /// True when there is a job.
    member p.IsValid = p.Spec.IsSome

/// <summary>Job files: YAML or JSON in, a valid <see cref="T:AlignGuard.Domain.Spec.JobSpec"/> or all problems at once out.</summary>
module JobFile =

    /// The largest job file read, in bytes of UTF-8 (1 MiB).
    [<Literal>]
    let MaxBytes = 1_048_576

    /// A value given for a key, by the file or by an override.
    type private Given = { Node: Node; Source: string; Place: Place }

    let private nowhere: Place = { Line = 0; Column = 0 }

    let private problem source path (place: Place) message hint =
        { Source = source; Path = path; Line = place.Line; Column = place.Column; Message = message; Hint = hint }

    let private unknown source path place =
        let hint =
            match Nearest.path path Schema.paths with
            | Some near -> $"Did you mean {near}?"
            | None -> "`alignguard methods` lists the keys."

        problem source path place "unknown key." hint

    let private members (group: string) =
        let inside =
            Schema.paths |> List.filter (fun p -> p.StartsWith(group + ".", StringComparison.Ordinal) && p.LastIndexOf '.' = group.Length)

        "It takes " + String.Join(", ", inside) + "."

    /// The file's values by path, and what is wrong with its shape.
    let private flatten source (root: Node) =
        let given = Dictionary<string, Given>()
        let problems = List<Problem>()

        let rec group prefix (entries: Entry list) =
            for entry in entries do
                let path = if prefix = "" then entry.Name else prefix + "." + entry.Name

                if Schema.byPath.ContainsKey path then
                    given[path] <- { Node = entry.Value; Source = source; Place = entry.At }
                elif List.contains path Schema.groups then
                    match entry.Value with
                    | Node.Group(inner, _) -> group path inner
                    | empty when empty.IsNull -> ()
                    | other -> problems.Add(problem source path entry.At $"a group of keys is needed, not {other.Kind}." (members path))
                else
                    problems.Add(unknown source path entry.At)

        match root with
        | Node.Group(entries, _) -> group "" entries
        | other ->
            problems.Add(problem source "" other.Place $"a job is a group of keys, not {other.Kind}." "Begin with name:, model:, data: and train:.")

        given, problems

    /// One KEY=VALUE; a value in brackets or quotes is YAML, anything else stands for itself.
    let private overrideOf (text: string) =
        let source = "--set " + text

        match text.IndexOf '=' with
        | i when i <= 0 -> Error [ problem source "" nowhere "not of the form KEY=VALUE." "Write e.g. --set train.steps=300." ]
        | i ->
            let path, value = text.Substring(0, i).Trim(), text.Substring(i + 1).Trim()

            if List.contains path Schema.groups then
                Error [ problem source path nowhere "this is a group of keys." (members path + " Set one of them.") ]
            elif not (Schema.byPath.ContainsKey path) then
                Error [ unknown source path nowhere ]
            elif value <> "" && Seq.contains value[0] "[{\"'" then
                match Yaml.read source value with
                | Some node, [] -> Ok(path, { Node = node; Source = source; Place = nowhere })
                | _, problems -> Error(problems |> List.map (fun p -> { p with Path = path; Line = 0; Column = 0 }))
            else
                Ok(path, { Node = Node.Scalar(value, false, nowhere); Source = source; Place = nowhere })

    /// Overrides replace the file's value, and drop the file's values that cannot stand beside theirs.
    let private applyOverrides (given: Dictionary<string, Given>) (problems: List<Problem>) (overrides: string seq) =
        for text in overrides do
            match overrideOf text with
            | Error found -> problems.AddRange found
            | Ok(path, value) ->
                for excluded in Schema.byPath[path].Excludes do
                    match given.TryGetValue excluded with
                    | true, other when other.Place <> nowhere -> given.Remove excluded |> ignore
                    | _ -> ()

                given[path] <- value

    let private defaultOf (key: Key) =
        match key.Default with
        | None -> id
        | Some text ->
            match key.Read(Node.Scalar(text, false, nowhere)) with
            | Ok set -> set
            | Error refusal -> invalidOp $"The default of {key.Path} is not valid: {refusal.Message}"

    let private readKeys source (given: Dictionary<string, Given>) (problems: List<Problem>) =
        let mutable spec = Schema.keys |> List.fold (fun s key -> defaultOf key s) Schema.blank

        for key in Schema.keys do
            match given.TryGetValue key.Path with
            | true, value when value.Node.IsNull ->
                let hint = match key.Default with Some d -> $"Give {key.Expects}, or remove the key (default {d})." | None -> $"Give {key.Expects}."
                problems.Add(problem value.Source key.Path value.Place "the key has no value." hint)
            | true, value ->
                for excluded in key.Excludes do
                    if given.ContainsKey excluded then
                        problems.Add(problem value.Source key.Path value.Place $"cannot be given together with {excluded}." "Remove one of them.")

                match key.Read value.Node with
                | Ok set -> spec <- set spec
                | Error refusal ->
                    problems.Add(problem value.Source key.Path value.Place refusal.Message refusal.Hint)
            | false, _ when key.Required ->
                problems.Add(problem source key.Path { Line = 1; Column = 1 } "the key is missing." $"Give {key.Expects}. {key.Doc}")
            | _ -> ()

        spec

    let private checkRules source (given: Dictionary<string, Given>) (bad: HashSet<string>) (spec: JobSpec) (rules: Rule list) =
        [ for rule in rules do
              if not (rule.Reads |> List.exists bad.Contains) then
                  match rule.Check spec given.ContainsKey with
                  | None -> ()
                  | Some refusal ->
                      // The default of the first key may be at fault together with a value given for another.
                      let place =
                          rule.Reads |> List.tryPick (fun path -> match given.TryGetValue path with | true, v -> Some v | _ -> None)

                      match place with
                      | Some value -> problem value.Source rule.Reads.Head value.Place refusal.Message refusal.Hint
                      | None -> problem source rule.Reads.Head { Line = 1; Column = 1 } refusal.Message refusal.Hint ]

    let private failed (problems: Problem seq) =
        let ordered = problems |> Seq.sortBy (fun p -> (if p.Line = 0 then Int32.MaxValue else p.Line), p.Column) |> Array.ofSeq
        { Spec = None; Problems = ordered; Warnings = [||] }

    /// <summary>Reads a job and checks all of it.</summary>
    /// <param name="text">YAML or JSON.</param>
    /// <param name="source">The name that problems give as their place, usually the file's.</param>
    /// <param name="overrides">"key.path=value" each, as after --set; a later one wins over an earlier.</param>
    /// <returns>The job with its warnings, or every problem of file and overrides. Never throws for bad input.</returns>
    let Parse (text: string, source: string, overrides: string seq) : ParsedJob =
        if Encoding.UTF8.GetByteCount text > MaxBytes then
            failed [ problem source "" { Line = 1; Column = 1 } "the file is larger than 1 MiB." "A job file has about a kilobyte; is this the right file?" ]
        else
            let root, syntax = Yaml.read source (text.TrimStart '\uFEFF')

            let given, problems =
                match root with
                | Some root -> flatten source root
                | None -> Dictionary(), List()

            problems.InsertRange(0, syntax)
            applyOverrides given problems overrides

            // Without a tree every required key would be reported as missing, which is noise beside the syntax error.
            if root.IsNone then
                failed problems
            else
                let spec = readKeys source given problems
                let bad = HashSet(problems |> Seq.map _.Path)
                problems.AddRange(checkRules source given bad spec Rules.errors)

                if problems.Count > 0 then
                    failed problems
                else
                    { Spec = Some spec
                      Problems = [||]
                      Warnings = checkRules source given bad spec Rules.warnings |> Array.ofList }

    /// <summary>As <c>Parse</c>, from the bytes of a file: strict UTF-8, with or without a byte order mark.</summary>
    let ParseUtf8 (bytes: byte[], source: string, overrides: string seq) : ParsedJob =
        if bytes.Length > MaxBytes then
            failed [ problem source "" { Line = 1; Column = 1 } $"the file has {bytes.Length} bytes, more than 1 MiB." "A job file has about a kilobyte; is this the right file?" ]
        else
            try
                Parse(UTF8Encoding(false, true).GetString bytes, source, overrides)
            with :? DecoderFallbackException as bad ->
                failed [ problem source "" { Line = 1; Column = 1 } $"the file is not UTF-8 (byte {bad.Index})." "Save it as UTF-8." ]

    /// <summary>Canonical JSON: schema order, every default filled in, invariant culture. <c>Parse</c> gives the same job back.</summary>
    let Serialise (spec: JobSpec) : string = Canonical.serialise spec

    /// <summary>SHA-256 of the canonical JSON, 64 lower-case hexadecimal digits. Equal jobs have equal hashes.</summary>
    let Hash (spec: JobSpec) : string = Canonical.hash spec

    /// <summary>Checks a job that was made or changed in code, by the same rules.</summary>
    let Validate (spec: JobSpec) : ParsedJob = Parse(Canonical.serialise spec, spec.Name, [])

    let private mapFiles (path: string -> string) (spec: JobSpec) : JobSpec =
        let data = function DataSource.File p -> DataSource.File(path p) | builtin -> builtin
        let prompts = function PromptSource.File p -> PromptSource.File(path p) | builtin -> builtin

        { spec with
            Model = path spec.Model
            Data.Train = data spec.Data.Train
            Data.Eval = data spec.Data.Eval
            Fisher.Prompts = prompts spec.Fisher.Prompts
            DriftCheck.Prompts = prompts spec.DriftCheck.Prompts
            DriftCheck.Judges = spec.DriftCheck.Judges |> Array.map (fun j -> if List.contains j [ "rules"; "classifier" ] then j else path j) }

    /// <summary>
    /// The job with every file path (model, data files, prompt files, files of judges; not builtin sets, not store:// references) replaced by
    /// <paramref name="resolve"/>(path): how a driver resolves paths against the job file's folder.
    /// </summary>
    let MapPaths (spec: JobSpec, resolve: Func<string, string>) : JobSpec =
        mapFiles (fun p -> if p.Contains("://", StringComparison.Ordinal) then p else resolve.Invoke p) spec

    /// <summary>The same job with every file, folder or store reference that it names put through a function.</summary>
    let MapReferences (spec: JobSpec, map: Func<string, string>) : JobSpec = mapFiles map.Invoke spec

    /// <summary>Every key with its type, default, unit and meaning, in the schema's order.</summary>
    let Describe () : KeyInfo[] =
        [| for key in Schema.keys ->
               { Path = key.Path
                 Expects = key.Expects
                 Default = (match key.Default with Some d -> d | None -> null)
                 Required = key.Required
                 Unit = key.Unit
                 Doc = key.Doc } |]
