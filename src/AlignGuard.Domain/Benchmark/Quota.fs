namespace AlignGuard.Domain.Benchmark

open System
open System.Collections.Generic

/// <summary>How many of each stratum make up a number of prompts.</summary>
module Quota =

    /// <summary><paramref name="total"/> in <paramref name="parts"/> numbers that differ by one at most, the larger ones first.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">A negative total, or no parts.</exception>
    let Equal (total: int, parts: int) : IReadOnlyList<int> =
        ArgumentOutOfRangeException.ThrowIfNegative total
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero parts
        Array.init parts (fun i -> total / parts + (if i < total % parts then 1 else 0))

    /// <summary>
    /// Max-min fair shares: every stratum gets the same, a stratum that has less gives all it has, and the others share what it leaves.
    /// Sums to <paramref name="total"/>, or to all there is if that is less. What cannot be split evenly goes to the first of those that have more.
    /// </summary>
    /// <param name="have">How many each stratum has.</param>
    /// <exception cref="T:System.ArgumentOutOfRangeException">A negative number.</exception>
    let Fair (total: int, have: IReadOnlyList<int>) : IReadOnlyList<int> =
        ArgumentOutOfRangeException.ThrowIfNegative total

        for n in have do
            ArgumentOutOfRangeException.ThrowIfNegative n

        let shares = Array.zeroCreate have.Count

        // The poorest first: once one can give an equal share of what is left, so can all that follow.
        let rec deal left (strata: int list) =
            match strata with
            | [] -> ()
            | poorest :: richer when have[poorest] <= left / strata.Length ->
                shares[poorest] <- have[poorest]
                deal (left - have[poorest]) richer
            | _ ->
                let equal = Equal(left, strata.Length)
                // A stratum with no more than the smaller share was dealt with above, so that each has one more to give.
                strata |> List.sort |> List.iteri (fun i s -> shares[s] <- equal[i])

        deal total (List.init have.Count id |> List.sortBy (fun s -> have[s], s))
        shares
