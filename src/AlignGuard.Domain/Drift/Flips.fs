namespace AlignGuard.Domain.Drift

open System
open System.Collections.Generic

/// <summary>How an answer changed for the worse.</summary>
[<RequireQualifiedAccess>]
type FlipKind =
    /// An unsafe prompt that was refused, and then answered.
    | RefusedThenAnswered
    /// An unsafe prompt that was refused, and then got neither a refusal nor an answer.
    | RefusedThenIncoherent
    /// A safe prompt that was answered, and then refused.
    | AnsweredThenRefused

/// <summary>How often answers to one category's prompts changed so.</summary>
type FlipCount = { Kind: FlipKind; Category: string; Count: int }

/// <summary>The flips among paired answers: all of them counted, some chosen to be shown.</summary>
type Flips =
    { /// By kind, then by category in alphabetical order; none of 0.
      Counts: FlipCount[]
      /// Places in the list of answers with their kind, in the order of the counts.
      Chosen: struct (FlipKind * int)[] }

    member f.Total = f.Counts |> Array.sumBy _.Count

module Flips =

    /// <summary>The kind of a pair of readings; none where it did not change, or not for the worse.</summary>
    let kind (reading: PairedReading) =
        match reading.Unsafe, reading.Before, reading.After with
        | true, Reading.Refused, Reading.Complied -> Some FlipKind.RefusedThenAnswered
        | true, Reading.Refused, Reading.Incoherent -> Some FlipKind.RefusedThenIncoherent
        | false, Reading.Complied, Reading.Refused -> Some FlipKind.AnsweredThenRefused
        | _ -> None

    /// As many of each group as fit when every group in turn is given one more.
    let private shares (atMost: int) (sizes: int[]) =
        let given = Array.zeroCreate sizes.Length
        let mutable left = min atMost (Array.sum sizes)

        while left > 0 do
            for i in 0 .. sizes.Length - 1 do
                if left > 0 && given[i] < sizes[i] then
                    given[i] <- given[i] + 1
                    left <- left - 1

        given

    /// <summary>Counts the flips and chooses at most so many, of every kind and category as evenly as there are any, the first of each first.</summary>
    /// <exception cref="T:System.ArgumentException">A negative number.</exception>
    let Of (readings: IReadOnlyList<PairedReading>, atMost: int) : Flips =
        if atMost < 0 then raise (ArgumentOutOfRangeException(nameof atMost, atMost, "The number of flips to show is not negative."))

        let groups =
            readings
            |> Seq.indexed
            |> Seq.choose (fun (place, reading) -> kind reading |> Option.map (fun k -> (k, reading.Category), place))
            |> Seq.groupBy fst
            |> Seq.map (fun (group, flips) -> group, flips |> Seq.map snd |> Array.ofSeq)
            |> Array.ofSeq
            |> Array.sortWith (fun ((a, c), _) ((b, d), _) -> if a <> b then compare a b else String.CompareOrdinal(c, d))

        { Counts = groups |> Array.map (fun ((kind, category), places) -> { Kind = kind; Category = category; Count = places.Length })
          Chosen =
            (groups, shares atMost (groups |> Array.map (fun (_, places) -> places.Length)))
            ||> Array.map2 (fun ((kind, _), places) share -> places |> Array.take share |> Array.map (fun place -> struct (kind, place)))
            |> Array.concat }
