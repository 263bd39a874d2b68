namespace AlignGuard.Domain.Benchmark

open System
open System.Collections.Generic

/// <summary>What can be drawn.</summary>
[<NoComparison; NoEquality>]
type Candidate<'item> =
    {
        /// The strata it belongs to, the widest first, such as a source and a subject of it. All candidates of a draw have as many.
        Strata: IReadOnlyList<string>
        /// Decides which of a stratum are drawn: those with the smallest rank. A hash of seed and content makes the draw random and independent of the order of the candidates.
        Rank: uint64
        /// Decides between equal ranks; no two candidates have the same.
        Id: string
        Item: 'item
    }

/// <summary>Stratified draws without replacement.</summary>
module Draw =

    let private ordinal (a: string) (b: string) = String.CompareOrdinal(a, b)

    let private inOrder (candidates: Candidate<'a> array) =
        candidates |> Array.sortWith (fun a b -> match compare a.Rank b.Rank with 0 -> ordinal a.Id b.Id | order -> order)

    let rec private draw (level: int) (count: int) (candidates: Candidate<'a> array) : Candidate<'a> array =
        if count >= candidates.Length then
            candidates
        elif candidates[0].Strata.Count = level then
            inOrder candidates |> Array.truncate count
        else
            let strata = candidates |> Array.groupBy (fun c -> c.Strata[level]) |> Array.sortWith (fun (a, _) (b, _) -> ordinal a b)
            let shares = Quota.Fair(count, strata |> Array.map (fun (_, members) -> members.Length))
            strata |> Array.mapi (fun i (_, members) -> draw (level + 1) shares[i] members) |> Array.concat

    /// <summary>
    /// <paramref name="count"/> of the candidates (all, if there are fewer), shared fairly (<see cref="Quota.Fair"/>) among the widest strata, within
    /// each among the next narrower, and so on; in the order of their ranks.
    /// </summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">A negative count.</exception>
    let Fair (count: int, candidates: IEnumerable<Candidate<'a>>) : IReadOnlyList<'a> =
        ArgumentOutOfRangeException.ThrowIfNegative count
        let drawn = draw 0 count (Array.ofSeq candidates) |> inOrder
        Array.map (fun c -> c.Item) drawn
