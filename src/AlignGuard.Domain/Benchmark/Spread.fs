namespace AlignGuard.Domain.Benchmark

open System.Collections.Generic

/// <summary>Orders of which every prefix is a small picture of the whole.</summary>
module Spread =

    /// <summary>
    /// All items of all lists, each list evenly from begin to end: the i-th of n items stands at (i + 1/2) / n of the way. A quick check takes a prefix, and
    /// so has every category in its proportion.
    /// </summary>
    let Evenly (lists: IReadOnlyList<IReadOnlyList<'a>>) : IReadOnlyList<'a> =
        let placed =
            [|
                for l in 0 .. lists.Count - 1 do
                    for i in 0 .. lists[l].Count - 1 -> struct ((float i + 0.5) / float lists[l].Count, l), lists[l][i]
            |]

        placed |> Array.sortBy fst |> Array.map snd :> IReadOnlyList<'a>
