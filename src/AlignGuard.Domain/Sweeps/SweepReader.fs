namespace AlignGuard.Domain.Sweeps

open System
open System.Collections.Generic
open System.Globalization
open AlignGuard.Domain.Spec

module internal SweepLimits =

    /// The most cells of a sweep.
    [<Literal>]
    let MaxCells = 1000

/// Reads the tree; what is wrong gathers in Problems.
type internal SweepReader(source: string) =
    let start: Place = { Line = 1; Column = 1 }

    let join path name = if path = "" then name else path + "." + name

    let clip (text: string) = if text.Length <= 60 then text else text.Substring(0, 57) + "..."

    let problems = List<Problem>()

    let report path (place: Place) message hint =
        problems.Add { Source = source; Path = path; Line = place.Line; Column = place.Column; Message = message; Hint = hint }

    let accept path place (result: Result<'T, Refusal>) : 'T option =
        match result with
        | Ok value -> Some value
        | Error refusal ->
            report path place refusal.Message refusal.Hint
            None

    /// The job keys of a grid or a cell, dotted or nested; each with its path in the file.
    let rec jobKeys at group (entries: Entry list) : (Key * string * Entry) list =
        [ for entry in entries do
              let path, place = join group entry.Name, join at entry.Name

              match Schema.byPath.TryFind path with
              | Some key -> (key, place, entry)
              | None when List.contains path Schema.groups ->
                  match entry.Value with
                  | Node.Group(inner, _) -> yield! jobKeys place path inner
                  | other ->
                      let takes = Schema.keys |> List.map _.Path |> List.filter _.StartsWith(path + ".", StringComparison.Ordinal)
                      report place entry.At $"a group of keys is needed, not {other.Kind}." ("It takes " + String.Join(", ", takes) + ".")
              | None ->
                  let hint =
                      match Nearest.path path Schema.paths with
                      | Some near -> $"Did you mean {near}?"
                      | None -> "`alignguard methods` lists the keys."

                  report place entry.At "unknown key." hint ]

    /// Keys that are given twice, once dotted and once nested, or that cannot stand beside one another.
    let compatible (keys: (Key * string * Entry) list) =
        for i, (key, place, entry) in List.indexed keys do
            match keys |> List.take i |> List.tryFind (fun (earlier, _, _) -> earlier.Path = key.Path) with
            | Some(_, _, first) -> report place entry.At $"the key is given twice (first in line {first.At.Line})." "Remove one of them."
            | None -> ()

            for excluded in key.Excludes do
                if keys |> List.exists (fun (other, _, _) -> other.Path = excluded) then
                    report place entry.At $"cannot be given together with {excluded}." "Remove one of them."

    let values (key: Key, place: string, entry: Entry) : string * string list =
        match entry.Value with
        | Node.List([], _) ->
            report place entry.At "the list of values is empty." "Give at least one value, or remove the key."
            key.Path, []
        | Node.List(items, _) ->
            let read = items |> List.mapi (fun i item -> accept $"{place}[{i}]" item.Place (Setting.read key item))

            for i, setting in List.indexed read do
                if setting.IsSome && List.contains setting (List.take i read) then
                    report $"{place}[{i}]" items[i].Place $"the value {clip setting.Value.Value} is listed twice." "Remove one of them."

            key.Path, read |> List.choose (Option.map _.Value)
        | other ->
            let hint =
                match other with
                | Node.Scalar(text, _, _) when not other.IsNull -> $"Write [{clip text}] for a single value."
                | _ -> "Write the values in brackets."

            report place entry.At $"a list of values is needed, not {other.Kind}." hint
            key.Path, []

    let grid (entry: Entry) : Grid =
        match entry.Value with
        | Node.Group([], _) ->
            report "grid" entry.At "the grid is empty." "Name a key and its values, such as guard.lambdaA: [0.25, 2.5]."
            []
        | Node.Group(entries, _) ->
            let keys = jobKeys "grid" "" entries
            compatible keys
            keys |> List.map values
        | other ->
            report "grid" entry.At $"a group of keys is needed, not {other.Kind}." "Write e.g. grid: { guard.lambdaA: [0.25, 2.5] }."
            []

    let cell place (node: Node) : Setting list =
        match node with
        | Node.Group(entries, _) ->
            let keys = jobKeys place "" entries
            compatible keys
            keys |> List.choose (fun (key, path, entry) -> accept path entry.Value.Place (Setting.read key entry.Value))
        | other ->
            report place other.Place $"a cell is a group of keys, not {other.Kind}." "Write e.g. { guard.lambdaA: 1 }; {} is the job unchanged."
            []

    /// The cells, each with its path and place; those with problems are left out.
    let listed (entry: Entry) : (string * Place * Setting list) list =
        match entry.Value with
        | Node.List([], _) ->
            report "cells" entry.At "the list of cells is empty." "List a cell, or remove the key."
            []
        | Node.List(items, _) ->
            items
            |> List.mapi (fun i item ->
                let before = problems.Count
                let settings = cell $"cells[{i}]" item
                if problems.Count = before then Some($"cells[{i}]", item.Place, settings) else None)
            |> List.choose id
        | other ->
            report "cells" entry.At $"a list of cells is needed, not {other.Kind}." "Write e.g. cells: [ { guard.lambdaA: 1 } ]."
            []

    let distinct (fromGrid: Setting list list) (listed: (string * Place * Setting list) list) =
        let seen = Dictionary<string, string>()

        for settings in fromGrid do
            seen.TryAdd(Setting.identity settings, "a cell of the grid") |> ignore

        for path, place, settings in listed do
            match seen.TryGetValue(Setting.identity settings) with
            | true, first -> report path place $"the same cell as {first}." "Remove one of them."
            | _ -> seen[Setting.identity settings] <- $"{path} (line {place.Line})"

    let hopeless (entry: Entry) : HopelessRule option =
        match entry.Value with
        // JSON has no bare words.
        | Node.Scalar("off", _, _) -> None
        | Node.Group(entries, _) ->
            let read (rule: HopelessRule) (inner: Entry) =
                let path = "hopeless." + inner.Name

                match SweepKeys.hopeless |> List.tryFind (fun (name, _) -> name = inner.Name) with
                | Some(_, reader) ->
                    match accept path inner.At (reader inner.Value) with
                    | Some change -> change rule
                    | None -> rule
                | None ->
                    let hint =
                        match Nearest.value inner.Name (List.map fst SweepKeys.hopeless) with
                        | Some near -> $"Did you mean hopeless.{near}?"
                        | None -> "It takes hopeless.after, hopeless.refusalDrop."

                    report path inner.At "unknown key." hint
                    rule

            Some(List.fold read HopelessRule.Default entries)
        | other ->
            let found = match other with Node.Scalar(text, _, _) when not other.IsNull -> $"\"{clip text}\"" | _ -> other.Kind
            report "hopeless" entry.At $"a group of keys or off is needed, not {found}." "Write off, or e.g. { after: 0.3, refusalDrop: 0.2 }."
            None

    let toCell index (settings: Setting list) : Cell =
        let overrides = settings |> List.map Setting.text |> Array.ofList
        { Index = index; Label = (if overrides.Length = 0 then "unchanged" else String.Join(" ", overrides)); Overrides = overrides }

    let tooMany (entry: Entry) (count: int64) =
        let words = if count >= 1_000_000L then "a million cells or more" else count.ToString(CultureInfo.InvariantCulture) + " cells"
        report entry.Name entry.At $"the sweep has {words}; {SweepLimits.MaxCells} are the most." "Give fewer values, or split the sweep."

    let allCells (find: string -> Entry option) : Setting list list =
        let presetName =
            find "preset"
            |> Option.bind (fun entry ->
                for other in [ "grid"; "cells" ] do
                    if (find other).IsSome then
                        report "preset" entry.At $"cannot be given together with {other}." "Remove one of them."

                accept "preset" entry.At (SweepKeys.preset entry.Value))

        match find "grid", find "cells" with
        | None, None -> Grid.cells (Grid.preset (defaultArg presetName (fst Grid.presets.Head)))
        | gridEntry, cellsEntry ->
            let before = problems.Count
            let grid = gridEntry |> Option.map grid
            let gridIsSound = problems.Count = before
            let listed = match cellsEntry with Some entry -> listed entry | None -> []
            let count = (match grid with Some(_ :: _ as g) -> Grid.count g | _ -> 0L) + int64 listed.Length

            if count > int64 SweepLimits.MaxCells then
                tooMany (Option.orElse cellsEntry gridEntry).Value count
                []
            else
                let fromGrid = match grid with Some g when gridIsSound -> Grid.cells g | _ -> []
                distinct fromGrid listed
                fromGrid @ (listed |> List.map (fun (_, _, settings) -> settings))

    let required (find: string -> Entry option) key expects read =
        match find key with
        | Some(entry: Entry) -> accept key entry.At (read entry.Value)
        | None ->
            report key start "the key is missing." $"Give {expects}."
            None

    let sweep (entries: Entry list) : SweepSpec option =
        for entry in entries do
            if not (List.contains entry.Name SweepKeys.top) then
                report entry.Name entry.At "unknown key." (SweepKeys.suggestion entry.Name)

        let find key = entries |> List.tryFind (fun (entry: Entry) -> entry.Name = key)
        let name = required find "name" "the sweep a name such as lambda-grid" SweepKeys.name
        let job = required find "job" "the path of a job file, relative to this file" SweepKeys.job
        let atOnce = match find "parallel" with Some e -> accept "parallel" e.At (SweepKeys.atOnce e.Value) | None -> Some 1
        let hopeless = match find "hopeless" with Some entry -> hopeless entry | None -> Some HopelessRule.Default
        let cells = allCells find

        match name, job, atOnce with
        | Some name, Some job, Some atOnce ->
            Some { Name = name; Job = job; Cells = cells |> List.mapi toCell |> Array.ofList; Parallel = atOnce; Hopeless = hopeless }
        | _ -> None

    /// What the tree's own reader advises is meant for jobs.
    let advised (p: Problem) =
        let says (text: string) = p.Message.Contains(text, StringComparison.Ordinal)

        if says "the file is empty" then { p with Hint = "A sweep needs at least name and job." }
        elif says "nested deeper" then { p with Hint = "A sweep file needs six at most." }
        elif says "the file holds more than" then { p with Hint = "Write a grid in place of so many listed cells." }
        elif says "a second document" then { p with Hint = "Keep one sweep a file; remove the line with ---." }
        else p

    member _.Refuse message hint = report "" start message hint

    member _.Read(text: string) : SweepSpec option =
        let root, syntax = Yaml.read source (text.TrimStart '\uFEFF')
        problems.AddRange(syntax |> List.map advised)

        match root with
        | None -> None
        | Some(Node.Group(entries, _)) -> sweep entries
        | Some other ->
            report "" other.Place $"a sweep is a group of keys, not {other.Kind}." "Begin with name: and job:."
            None

    member _.Result(spec: SweepSpec option) : ParsedSweep =
        if problems.Count = 0 then
            { Spec = spec; Problems = [||] }
        else
            { Spec = None; Problems = problems |> Seq.sortBy (fun p -> p.Line, p.Column) |> Array.ofSeq }
