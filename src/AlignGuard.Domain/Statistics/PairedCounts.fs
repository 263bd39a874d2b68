namespace AlignGuard.Domain.Statistics

open System
open System.Collections.Generic

/// <summary>
/// The 2×2 table of a yes/no outcome (refused, correct, ...) observed on the same items under two models: a baseline
/// (the base model, or a reference run) and the tuned one.
/// </summary>
[<Struct>]
type PairedCounts =
    {
        /// Items with the outcome under both models.
        Both: int
        /// Items with the outcome under the baseline alone.
        OnlyBaseline: int
        /// Items with the outcome under the tuned model alone.
        OnlyTuned: int
        /// Items with the outcome under neither.
        Neither: int
    }

    /// The number of pairs.
    member c.Total = int64 c.Both + int64 c.OnlyBaseline + int64 c.OnlyTuned + int64 c.Neither
    /// Items with the outcome under the baseline.
    member c.Baseline = int64 c.Both + int64 c.OnlyBaseline
    /// Items with the outcome under the tuned model.
    member c.Tuned = int64 c.Both + int64 c.OnlyTuned
    /// The share of items with the outcome under the baseline, 0..1 (NaN without pairs).
    member c.BaselineRate = float c.Baseline / float c.Total
    /// The same table with the two models exchanged.
    member c.Swapped = { Both = c.Both; OnlyBaseline = c.OnlyTuned; OnlyTuned = c.OnlyBaseline; Neither = c.Neither }
    /// True when no count is negative and there is at least one pair.
    member c.IsConsistent = c.Both >= 0 && c.OnlyBaseline >= 0 && c.OnlyTuned >= 0 && c.Neither >= 0 && c.Total > 0L

    /// <summary>Counts the table from the outcomes of each item, in the same order for both models.</summary>
    /// <exception cref="T:System.ArgumentException">The two lists differ in length.</exception>
    static member Of(baseline: IReadOnlyList<bool>, tuned: IReadOnlyList<bool>) : PairedCounts =
        if baseline.Count <> tuned.Count then
            raise (ArgumentException $"Paired outcomes need equal lengths, got {baseline.Count} of the baseline and {tuned.Count} of the tuned model.")

        let count b t =
            let mutable n = 0
            for i in 0 .. baseline.Count - 1 do
                if baseline[i] = b && tuned[i] = t then n <- n + 1
            n

        { Both = count true true; OnlyBaseline = count true false; OnlyTuned = count false true; Neither = count false false }

    /// The table reads "both / only baseline / only tuned / neither".
    override c.ToString() = $"{c.Both}/{c.OnlyBaseline}/{c.OnlyTuned}/{c.Neither}"

module internal RequirePaired =

    let consistent (counts: PairedCounts) =
        if not counts.IsConsistent then
            raise (ArgumentException $"Paired counts must be non-negative with at least one pair, got {counts} (both/only baseline/only tuned/neither).")
