namespace AlignGuard.Domain.Sweeps

open System
open AlignGuard.Domain.Spec

/// The keys of a sweep file itself. Their values are read by the readers that job keys have, so that a wrong name or
/// number is told in the same words; a reader sets a field of a blank job, which is read off again.
module internal SweepKeys =

    let private lent (key: Key) (get: JobSpec -> 'T) (node: Node) : Result<'T, Refusal> =
        if node.IsNull then
            let hint = match key.Default with Some d -> $"Give {key.Expects}, or remove the key (default {d})." | None -> $"Give {key.Expects}."
            Error { Message = "the key has no value."; Hint = hint }
        else
            key.Read node |> Result.map (fun set -> get (set Schema.blank))

    let name node = lent Schema.byPath["name"] _.Name node

    let private jobKey = Key.plain "job" "the path of a job file" "" "" _.Model (fun v s -> { s with Model = v })
    let job node = lent jobKey _.Model node

    let private presetKey =
        let names = Grid.presets |> List.map fst
        Key.choice "preset" names names.Head "" _.Name (fun v s -> { s with Name = v })

    let preset node = lent presetKey _.Name node

    let private parallelKey = Key.integer "parallel" (1L, 64L) 1L "child runs" "" _.Lora.R (fun v s -> { s with Lora.R = v })
    let atOnce node = lent parallelKey _.Lora.R node

    let private after = Key.number "hopeless.after" (Key.between 0.0 1.0) "0.3" "fraction" "" _.Guard.Alpha (fun v s -> { s with Guard.Alpha = v })

    let private refusalDrop =
        Key.number "hopeless.refusalDrop" (Key.fromBelow 0.0 1.0) "0.2" "fraction" "" _.Guard.Alpha (fun v s -> { s with Guard.Alpha = v })

    /// The keys inside hopeless:, each with what it does to the rule.
    let hopeless: (string * (Node -> Result<HopelessRule -> HopelessRule, Refusal>)) list =
        [ "after", lent after _.Guard.Alpha >> Result.map (fun v rule -> { rule with After = v })
          "refusalDrop", lent refusalDrop _.Guard.Alpha >> Result.map (fun v rule -> { rule with RefusalDrop = v }) ]

    /// Every key a sweep file may have at its top.
    let top = [ "name"; "job"; "preset"; "grid"; "cells"; "parallel"; "hopeless" ]

    /// What to do about a key that is none of these.
    let suggestion (written: string) =
        if List.contains written Schema.paths then
            "A job's key stands under grid: or in a cell."
        else
            match Nearest.value written top with
            | Some near -> $"Did you mean {near}?"
            | None -> "A sweep takes " + String.Join(", ", top) + "."
