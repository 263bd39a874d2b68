namespace AlignGuard.Domain.Spec

open System
open System.Globalization
open System.Text.RegularExpressions

/// What a key writes into the canonical JSON.
[<RequireQualifiedAccess>]
type internal Written =
    /// The key does not apply to this job.
    | Absent
    | Text of string
    | Integer of int64
    | Real of float
    | Flag of bool
    | Texts of string[]

/// Why a value was refused, and what to do.
type internal Refusal = { Message: string; Hint: string }

/// One row of the schema.
[<NoComparison; NoEquality>]
type internal Key =
    { Path: string
      /// What a value must be, as a noun: "an integer from 1 to 4096".
      Expects: string
      /// In the spelling of a job file; None = required, or absent unless given (see Required).
      Default: string option
      Required: bool
      Unit: string
      Doc: string
      /// Keys that cannot be given beside this one.
      Excludes: string list
      Read: Node -> Result<JobSpec -> JobSpec, Refusal>
      Write: JobSpec -> Written }

/// The limits of a number.
type internal Range =
    { Low: float
      LowOpen: bool
      High: float
      HighOpen: bool }

    member r.Contains(v: float) =
        (if r.LowOpen then v > r.Low else v >= r.Low) && (if r.HighOpen then v < r.High else v <= r.High)

    override r.ToString() =
        let text (v: float) = v.ToString("0.##########", CultureInfo.InvariantCulture)
        let low = if r.LowOpen then $"above {text r.Low}" else $"of at least {text r.Low}"
        let high = if r.HighOpen then $"below {text r.High}" else $"of at most {text r.High}"
        if Double.IsInfinity r.High then low else low + " and " + high

/// Builds the rows: one function for each type of value.
module internal Key =

    let private refuse message hint : Result<'T, Refusal> = Error { Message = message; Hint = hint }

    /// Large enough for any job, small enough that sums of two stay within 32 bits.
    let largest = 1_000_000_000L

    let between low high = { Low = low; LowOpen = false; High = high; HighOpen = false }
    let atLeast low = { Low = low; LowOpen = false; High = infinity; HighOpen = false }
    let above low = { Low = low; LowOpen = true; High = infinity; HighOpen = false }
    let aboveTo low high = { Low = low; LowOpen = true; High = high; HighOpen = false }
    let aboveBelow low high = { Low = low; LowOpen = true; High = high; HighOpen = true }
    let fromBelow low high = { Low = low; LowOpen = false; High = high; HighOpen = true }

    let private row path expects dflt unit doc read write =
        { Path = path; Expects = expects; Default = dflt; Required = false; Unit = unit; Doc = doc; Excludes = []; Read = read; Write = write }

    let required key = { key with Required = true; Default = None }
    let excluding paths key = { key with Excludes = paths }

    let private scalar expects (node: Node) (accept: string -> bool -> Result<'T, Refusal>) =
        match node with
        | Node.Scalar(text, quoted, _) -> accept text quoted
        | other -> refuse $"{expects} is needed, not {other.Kind}." ""

    let private clip (text: string) = if text.Length <= 40 then text else text.Substring(0, 37) + "..."

    let private unquoted expects quoted text accept =
        if quoted then refuse $"{expects} is needed, not the quoted text \"{clip text}\"." "Remove the quotes." else accept ()

    let private decimalInteger = Regex(@"\A[-+]?[0-9]+\z", RegexOptions.CultureInvariant)
    let private decimalReal = Regex(@"\A[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\z", RegexOptions.CultureInvariant)

    let private real expects (range: Range) (text: string) =
        match Double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture) with
        | true, v when not (decimalReal.IsMatch text) || not (Double.IsFinite v) ->
            refuse $"{expects} is needed; \"{clip text}\" is not a finite number." "Write a number such as 0.5 or 2e-4."
        // + 0.0 turns -0 into 0: one value, one spelling, one hash.
        | true, v when range.Contains v -> Ok(v + 0.0)
        | true, _ -> refuse $"{clip text} is out of range." $"Give {expects}."
        | false, _ -> refuse $"{expects} is needed, not \"{clip text}\"." "Write a number such as 0.5 or 2e-4."

    let private whole expects (low: int64) (high: int64) (text: string) =
        if decimalInteger.IsMatch text then
            match Int64.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) with
            | true, v when v >= low && v <= high -> Ok v
            | _ -> refuse $"{clip text} is out of range." $"Give {expects}."
        else
            match Double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture) with
            | true, v when decimalReal.IsMatch text && v = Math.Floor v && abs v < 1e15 ->
                refuse $"{expects} is needed, not \"{clip text}\"." $"Write {int64 v}."
            | _ -> refuse $"{expects} is needed, not \"{clip text}\"." "Write a whole number in digits."

    let private integerExpects (low: int64) (high: int64) =
        if high >= largest then $"an integer of at least {low}" else $"an integer from {low} to {high}"

    let private invariant (v: int64) = v.ToString(CultureInfo.InvariantCulture)

    /// An integer from low to high.
    let integer path (low, high) (dflt: int64) unit doc (get: JobSpec -> int) (set: int -> JobSpec -> JobSpec) =
        let expects = integerExpects low high

        let read node =
            scalar expects node (fun text quoted -> unquoted expects quoted text (fun () -> whole expects low high text |> Result.map (int >> set)))

        row path expects (Some(invariant dflt)) unit doc read (get >> int64 >> Written.Integer)

    /// A 64-bit integer of at least 0 (seeds).
    let seed path doc (get: JobSpec -> int64) (set: int64 -> JobSpec -> JobSpec) =
        let expects = "an integer of at least 0"

        let read node =
            scalar expects node (fun text quoted ->
                unquoted expects quoted text (fun () -> whole expects 0L Int64.MaxValue text |> Result.map set))

        row path expects (Some "0") "" doc read (get >> Written.Integer)

    /// A real number in a range.
    let number path (range: Range) dflt unit doc (get: JobSpec -> float) (set: float -> JobSpec -> JobSpec) =
        let expects = $"a number {range}"

        let read node =
            scalar expects node (fun text quoted -> unquoted expects quoted text (fun () -> real expects range text |> Result.map set))

        row path expects (Some dflt) unit doc read (get >> Written.Real)

    let flag path dflt doc (get: JobSpec -> bool) (set: bool -> JobSpec -> JobSpec) =
        let expects = "true or false"

        let read node =
            scalar expects node (fun text quoted ->
                match text with
                | "true" when not quoted -> Ok(set true)
                | "false" when not quoted -> Ok(set false)
                | _ -> refuse $"{expects} is needed, not \"{clip text}\"." "")

        row path expects (Some dflt) "" doc read (get >> Written.Flag)

    /// One of the cases, spelt as their ToString() says; words are further spellings with a meaning, tried when no case matches.
    let private spelt expects (cases: 'T list) (other: string -> bool -> Result<'T, Refusal> option) node =
        scalar expects node (fun text quoted ->
            match List.tryFind (fun case -> string (box case) = text) cases with
            | Some case -> Ok case
            | None ->
                match other text quoted with
                | Some result -> result
                | None ->
                    let hint =
                        match Nearest.value text (cases |> List.map (box >> string)) with
                        | Some near -> $"Did you mean {near}?"
                        | None -> ""
                    refuse $"{expects} is needed, not \"{clip text}\"." hint)

    let choice path (cases: 'T list) (dflt: 'T) doc (get: JobSpec -> 'T) (set: 'T -> JobSpec -> JobSpec) =
        let expects = "one of " + String.Join(", ", cases)

        row path expects (Some(string (box dflt))) "" doc (spelt expects cases (fun _ _ -> None) >> Result.map set) (get >> box >> string >> Written.Text)

    /// A text that is not blank and holds no control character.
    let private text expects (value: string) =
        if String.IsNullOrWhiteSpace value then refuse $"{expects} is needed; this is blank." ""
        elif value <> value.Trim() then refuse $"\"{clip value}\" begins or ends with a blank." "Remove it."
        elif value.Length > 4096 then refuse $"the text is {value.Length} characters long." "Keep it below 4096."
        elif Seq.exists Char.IsControl value then refuse "the text holds a control character." "Remove it."
        elif not (Seq.forall (fun (r: Text.Rune) -> r <> Text.Rune.ReplacementChar) (value.EnumerateRunes())) then
            refuse "the text holds a broken or replaced character (U+FFFD)." "Save the file as UTF-8."
        else Ok value

    let plain path expects unit doc (get: JobSpec -> string) (set: string -> JobSpec -> JobSpec) =
        row path expects None unit doc (fun node -> scalar expects node (fun t _ -> text expects t |> Result.map set)) (get >> Written.Text)

    /// A text of a given shape.
    let shaped path expects (pattern: string) hint doc (get: JobSpec -> string) (set: string -> JobSpec -> JobSpec) =
        let shape = Regex(pattern, RegexOptions.CultureInvariant)

        let read node =
            scalar expects node (fun t _ ->
                text expects t
                |> Result.bind (fun t -> if shape.IsMatch t then Ok(set t) else refuse $"{expects} is needed, not \"{clip t}\"." hint))

        row path expects None "" doc read (get >> Written.Text)

    let data path doc (get: JobSpec -> DataSource) (set: DataSource -> JobSpec -> JobSpec) =
        let expects = "a file or builtin:NAME"

        let source (t: string) =
            if t = "builtin" || t = "builtin:" then
                refuse "the built-in set has no name." "Write builtin:NAME, e.g. builtin:howto."
            elif t.StartsWith("builtin:", StringComparison.Ordinal) then
                text "the name of a built-in set" (t.Substring 8) |> Result.map DataSource.Builtin
            else Ok(DataSource.File t)

        let read node = scalar expects node (fun t _ -> text expects t |> Result.bind source |> Result.map set)
        row path expects None "" doc read (get >> string >> Written.Text)

    let prompts path doc (get: JobSpec -> PromptSource) (set: PromptSource -> JobSpec -> JobSpec) =
        let expects = "a file or builtin"
        let source t = if t = "builtin" then PromptSource.Builtin else PromptSource.File t
        let read node = scalar expects node (fun t _ -> text expects t |> Result.map (source >> set))
        row path expects (Some "builtin") "" doc read (get >> string >> Written.Text)

    /// A word or an integer of at least 1.
    let private wordOrInteger path (words: 'T list) (dflt: 'T) unit doc (number: int -> 'T) (get: JobSpec -> Written) set =
        let expects = "one of " + String.Join(", ", words) + " or an integer of at least 1"

        let other (text: string) quoted =
            if not quoted && text <> "" && (Char.IsAsciiDigit text[0] || text[0] = '-' || text[0] = '+') then
                Some(whole expects 1L largest text |> Result.map (int >> number))
            else None

        row path expects (Some(string (box dflt))) unit doc (spelt expects words other >> Result.map set) get

    let schedule path doc (get: JobSpec -> DriftSchedule) (set: DriftSchedule -> JobSpec -> JobSpec) =
        let write spec =
            match get spec with
            | DriftSchedule.Steps n -> Written.Integer(int64 n)
            | word -> Written.Text(string word)

        wordOrInteger path [ DriftSchedule.Segment; DriftSchedule.Final ] DriftSchedule.Segment "steps" doc DriftSchedule.Steps write set

    let autoInteger path doc (get: JobSpec -> Nullable<int>) (set: Nullable<int> -> JobSpec -> JobSpec) =
        let write spec =
            match get spec with
            | n when n.HasValue -> Written.Integer(int64 n.Value)
            | _ -> Written.Text "auto"

        // Strings stand for the cases here: "auto" and the digits.
        wordOrInteger path [ "auto" ] "auto" "" doc string write (fun (word: string) ->
            set (if word = "auto" then Nullable() else Nullable(Int32.Parse(word, CultureInfo.InvariantCulture))))

    /// A list of texts, perhaps none. It is written where there is one.
    let words path doc (get: JobSpec -> string[]) (set: string[] -> JobSpec -> JobSpec) =
        let expects = "a list of words"
        let word node = scalar "a word" node (fun t _ -> text "a word" t)

        let read node =
            match node with
            | Node.List(items, _) ->
                let words = List.map word items

                match List.tryPick (function Error r -> Some r | Ok _ -> None) words with
                | Some refusal -> Error refusal
                | None -> Ok(set (words |> List.choose Result.toOption |> Array.ofList))
            | Node.Group _ -> refuse $"{expects} is needed, not a group of keys." ""
            | Node.Scalar(t, _, _) -> refuse $"{expects} is needed, not \"{clip t}\"." $"Write [{t}] for a single one."

        row path expects None "" doc read (fun spec -> match get spec with [||] -> Written.Absent | words -> Written.Texts words)

    /// peft's forms: a list of names, each a module's or the end of one's, or one regular expression for whole names.
    let private modules expects (words: (string * LoraTargets) list) (node: Node) =
        let shape = Regex(@"\A[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*\z", RegexOptions.CultureInvariant)

        let name node =
            scalar "a module name" node (fun t _ ->
                if shape.IsMatch t && t.Length <= 256 then Ok t
                else refuse $"\"{clip t}\" is not a module name." "Use names such as q_proj or mlp.down_proj.")

        let pattern (t: string) =
            if shape.IsMatch t then
                refuse $"{expects} is needed, not \"{clip t}\"." $"Write [{t}] for a single module; a regular expression must match whole names, as .*\\.{t} does."
            elif t.Length > 1024 then refuse "the regular expression is longer than 1024 characters." "Shorten it."
            else
                try
                    Regex(t, RegexOptions.CultureInvariant ||| RegexOptions.NonBacktracking) |> ignore
                    Ok(LoraTargets.Pattern t)
                with
                | :? ArgumentException as e -> refuse $"\"{clip t}\" is no regular expression: {e.Message}" ""
                | :? NotSupportedException -> refuse $"\"{clip t}\" looks around or back, which can take for ever." "Write a regular expression without look-around, back references and atomic groups."

        match node with
        | Node.Scalar(t, _, _) when words |> List.exists (fun (word, _) -> word = t) -> Ok(words |> List.find (fun (word, _) -> word = t) |> snd)
        | Node.Scalar(t, _, _) -> text expects t |> Result.bind pattern
        | Node.Group _ -> refuse $"{expects} is needed, not a group of keys." ""
        | Node.List([], _) -> refuse "the list of modules is empty." "Name at least one, or leave the key out."
        | Node.List(items, _) ->
            let names = List.map name items

            match List.tryPick (function Error r -> Some r | Ok _ -> None) names with
            | Some refusal -> Error refusal
            | None ->
                let names = names |> List.choose Result.toOption

                match names |> List.countBy id |> List.tryFind (fun (_, n) -> n > 1) with
                | Some(twice, _) -> refuse $"{twice} is named twice." "Remove one."
                | None -> Ok(LoraTargets.Named(Array.ofList names))

    let private writeModules modules =
        match modules with
        | LoraTargets.AllLinear -> Written.Text "all-linear"
        | LoraTargets.Named [||] -> Written.Absent
        | LoraTargets.Named names -> Written.Texts names
        | LoraTargets.Pattern pattern -> Written.Text pattern

    let targets path doc (get: JobSpec -> LoraTargets) (set: LoraTargets -> JobSpec -> JobSpec) =
        let expects = "all-linear, a list of module names or a regular expression"
        row path expects (Some "all-linear") "" doc (modules expects [ "all-linear", LoraTargets.AllLinear ] >> Result.map set) (get >> writeModules)

    /// Written where there are some.
    let exclusions path doc (get: JobSpec -> LoraTargets) (set: LoraTargets -> JobSpec -> JobSpec) =
        let expects = "a list of module names or a regular expression"
        row path expects None "" doc (modules expects [] >> Result.map set) (get >> writeModules)
