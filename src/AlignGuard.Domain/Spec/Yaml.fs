namespace AlignGuard.Domain.Spec

open System
open System.Collections.Generic
open System.IO
open YamlDotNet.Core
open YamlDotNet.Core.Events

/// Reads YAML (and so JSON) into the plain tree. Works on parse events, not on YamlDotNet's object model: that one
/// expands aliases, throws at the first duplicate and nests without limit.
module internal Yaml =

    /// A job file nests four deep; beyond this the scanner's cost grows with the square of the depth.
    let private maxDepth = 12
    /// A full job file has about a hundred nodes.
    let private maxNodes = 5_000

    let private syntaxHint = "Check indentation, quotes and brackets at this place."

    type private Stop(place: Place, message: string, hint: string) =
        inherit Exception(message)
        member _.Place = place
        member _.Hint = hint

    let private placeOf (mark: Mark) : Place = { Line = int mark.Line; Column = int mark.Column }

    /// The parser ends silently at NUL and drops other control characters, so they are found first.
    let private controlCharacter (text: string) =
        let isBad c = Char.IsControl c && c <> '\n' && c <> '\r' && c <> '\t'

        match Seq.tryFindIndex isBad text with
        | None -> None
        | Some i ->
            let before = text.Substring(0, i)
            let line = 1 + (before |> Seq.filter ((=) '\n') |> Seq.length)
            let place = { Line = line; Column = i - before.LastIndexOf '\n' }
            Some(place, $"the text holds the control character U+%04X{int text[i]}.", "Save the file as plain UTF-8 text.")

    type private Builder(source: string, text: string) =
        let parser = Parser(new StringReader(text))
        let problems = List<Problem>()
        let mutable nodes = 0

        let problem (place: Place) path message hint =
            problems.Add { Source = source; Path = path; Line = place.Line; Column = place.Column; Message = message; Hint = hint }

        let mutable reached: Place = { Line = 1; Column = 1 }

        let next () =
            let more =
                try
                    parser.MoveNext()
                // The scanner answers some malformed texts, such as an unclosed brace before further keys, with exceptions that are not its own.
                with error when not (error :? YamlException) ->
                    raise (Stop(reached, "not valid YAML or JSON after this place.", syntaxHint))

            match parser.Current with
            | null -> ()
            | event -> reached <- placeOf event.End

            if not more then
                raise (Stop(reached, "the text ends too early.", ""))

        let current () =
            match parser.Current with
            | null -> raise (Stop(reached, "the text ends too early.", ""))
            | event -> event

        /// Anchors and tags have no use in a job file; an alias could blow it up.
        let checkNode path (event: NodeEvent) =
            nodes <- nodes + 1

            if nodes > maxNodes then
                raise (Stop(placeOf event.Start, $"the file holds more than {maxNodes} values.", "A job file has about a hundred; is this the right file?"))

            if not event.Anchor.IsEmpty then
                problem (placeOf event.Start) path $"the anchor &{event.Anchor.Value} is not allowed." "Write the value out."

            if not event.Tag.IsEmpty then
                problem (placeOf event.Start) path $"the tag {event.Tag.Value} is not allowed." "Remove it; the key decides the type."

        let join path name = if path = "" then name else path + "." + name

        let rec node depth path : Node =
            if depth > maxDepth then
                raise (Stop(placeOf (current ()).Start, $"values are nested deeper than {maxDepth} levels.", "A job file needs four at most."))

            match current () with
            | :? AnchorAlias as alias ->
                let place = placeOf alias.Start
                problem place path $"the alias *{alias.Value.Value} is not allowed." "Write the value out."
                next ()
                Node.Scalar("", true, place)
            | :? Scalar as scalar ->
                checkNode path scalar
                next ()
                Node.Scalar(scalar.Value, scalar.Style <> ScalarStyle.Plain, placeOf scalar.Start)
            | :? SequenceStart as start ->
                checkNode path start
                next ()
                let items = List<Node>()

                while not (current () :? SequenceEnd) do
                    items.Add(node (depth + 1) $"{path}[{items.Count}]")

                next ()
                Node.List(List.ofSeq items, placeOf start.Start)
            | :? MappingStart as start ->
                checkNode path start
                next ()
                let entries = List<Entry>()

                while not (current () :? MappingEnd) do
                    match node (depth + 1) path with
                    | Node.Scalar(name, _, at) ->
                        let value = node (depth + 1) (join path name)

                        match Seq.tryFind (fun e -> e.Name = name) entries with
                        | Some first ->
                            problem at (join path name) $"the key is given twice (first in line {first.At.Line})." "Remove one of them."
                        | None -> entries.Add { Name = name; At = at; Value = value }
                    | other ->
                        node (depth + 1) path |> ignore
                        problem other.Place path $"a key must be a name, not {other.Kind}." ""

                next ()
                Node.Group(List.ofSeq entries, placeOf start.Start)
            | event -> raise (Stop(placeOf event.Start, $"unexpected {event.GetType().Name}.", ""))

        let document () =
            next ()
            next ()

            match current () with
            | :? StreamEnd -> raise (Stop({ Line = 1; Column = 1 }, "the file is empty.", "A job needs at least name, model, data and train.steps."))
            | _ -> ()

            next ()
            let root = node 0 ""
            next ()

            match current () with
            | :? StreamEnd -> ()
            | other -> problem (placeOf other.Start) "" "a second document begins here." "Keep one job a file; remove the line with ---."

            root

        member _.Read() : Node option * Problem list =
            try
                let root = document ()
                Some root, List.ofSeq problems
            with
            | :? Stop as stop ->
                problem stop.Place "" stop.Message stop.Hint
                None, List.ofSeq problems
            | :? YamlException as bad ->
                problem (placeOf bad.Start) "" $"not valid YAML or JSON: {bad.Message}" syntaxHint
                None, List.ofSeq problems

    /// The tree, or None with the reasons. Problems may come with a tree: then the rest of the file can still be checked.
    let read (source: string) (text: string) : Node option * Problem list =
        match controlCharacter text with
        | Some(place, message, hint) ->
            None, [ { Source = source; Path = ""; Line = place.Line; Column = place.Column; Message = message; Hint = hint } ]
        | None -> Builder(source, text).Read()
