namespace AlignGuard.Domain.Benchmark

open System.Collections.Generic

/// <summary>What a benchmark needs of one class and category, and what there is.</summary>
type Supply =
    {
        /// <c>unsafe</c> or <c>safe</c>.
        Label: string
        /// One of <see cref="HarmCategory.Names"/>; <c>any</c> for safe prompts, which no category must hold.
        Category: string
        Have: int
        Need: int
    }

    /// Prompts that are not there; 0 when there are enough.
    member supply.Missing = max 0 (supply.Need - supply.Have)

/// <summary>What stands between the sources and a whole benchmark.</summary>
module Shortage =

    /// <summary>
    /// A row for each category of unsafe prompts, all of which need the same number but for a remainder, and one for all safe prompts. An odd size needs one more unsafe prompt.
    /// </summary>
    /// <param name="unsafeHave">In the order of <see cref="HarmCategory.Names"/>.</param>
    let Supplies (size: int, unsafeHave: IReadOnlyList<int>, safeHave: int) : IReadOnlyList<Supply> =
        let need = Quota.Equal(size - size / 2, HarmCategory.Names.Count)

        [|
            for i in 0 .. need.Count - 1 do
                yield { Label = "unsafe"; Category = HarmCategory.Names[i]; Have = unsafeHave[i]; Need = need[i] }

            yield { Label = "safe"; Category = "any"; Have = safeHave; Need = size / 2 }
        |]

    /// <summary>How many prompts are missing in all.</summary>
    let Missing (supplies: IEnumerable<Supply>) : int = supplies |> Seq.sumBy (fun s -> s.Missing)
