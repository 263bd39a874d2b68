namespace AlignGuard.Domain.Sweeps

open System
open System.Globalization
open System.Text
open AlignGuard.Domain.Spec

/// A key and its value, spelt as an override of a job spells it.
type internal Setting = { Path: string; Value: string }

module internal Setting =

    /// What values are read into before they are written out again. It names a reference run: a drop against one is
    /// written only beside it.
    let private carrier: JobSpec =
        { Schema.blank with Gate.Task = TaskCriterion.MatchReference("-", 0.01) }

    /// A double-quoted YAML text. Letters beyond ASCII are escaped, since some of them are line breaks to YAML; pairs of
    /// surrogates are not, since YAML has no escape for half a letter.
    let private quoted (text: string) =
        let b = StringBuilder "\""

        for c in text do
            if c = '"' || c = '\\' then b.Append('\\').Append c |> ignore
            elif Char.IsAscii c || Char.IsSurrogate c then b.Append c |> ignore
            else b.Append("\\u").Append((int c).ToString("X4", CultureInfo.InvariantCulture)) |> ignore

        b.Append('"').ToString()

    /// An override is taken as it stands unless it begins like YAML, and a bare null is no value.
    let private spell (text: string) =
        let begins = text <> "" && Seq.contains text[0] "[{\"'"
        if begins || text = "" || text = "~" || text = "null" then quoted text else text

    let private textOf (written: Written) =
        match written with
        | Written.Text text -> spell text
        | Written.Integer n -> n.ToString CultureInfo.InvariantCulture
        | Written.Real x -> x.ToString("R", CultureInfo.InvariantCulture)
        | Written.Flag flag -> if flag then "true" else "false"
        // Module names hold nothing that YAML would take for more.
        | Written.Texts texts -> "[" + String.Join(",", texts) + "]"
        | Written.Absent -> invalidOp "A value that was read is not written."

    /// The value as the key's own reader takes it, in one spelling: 0.25 for .25 and 2.5e-1.
    let read (key: Key) (node: Node) : Result<Setting, Refusal> =
        if node.IsNull then
            Error { Message = "the key has no value."; Hint = $"Give {key.Expects}." }
        else
            key.Read node |> Result.map (fun set -> { Path = key.Path; Value = textOf (key.Write(set carrier)) })

    /// "key=value".
    let text (setting: Setting) = setting.Path + "=" + setting.Value

    /// Settings in one line; the same for the same cell in whatever order its keys stand.
    let identity (settings: Setting list) =
        String.Join("\n", settings |> List.map text |> List.sortWith (fun a b -> String.CompareOrdinal(a, b)))
