namespace AlignGuard.Domain.Statistics

open System

/// <summary>The result of a one-sided non-inferiority test on paired proportions.</summary>
[<Struct>]
type NonInferiorityResult =
    {
        /// The change that must stay small (a drop or a rise, as a fraction); each limit is a one-sided bound at the test's confidence.
        Change: Estimate
        /// The largest change that is still acceptable, as a fraction.
        Margin: float
        /// True when even the upper bound of the change is within the margin.
        Passed: bool
    }

/// <summary>
/// One-sided non-inferiority of the tuned model: the bound of the change must be within the margin, so that a lack of
/// data counts against the model. The bound is Newcombe's (method 10), one-sided at the given confidence.
/// </summary>
module NonInferiority =

    /// Confidence of the two-sided interval whose limits are one-sided bounds at the given confidence.
    let internal twoSided (confidence: float) =
        if not (confidence > 0.5 && confidence < 1.0) then
            raise (ArgumentOutOfRangeException(nameof confidence, confidence, "A one-sided confidence must lie between 0.5 and 1, both excluded."))

        2.0 * confidence - 1.0

    /// <summary>Is the share lost at most <paramref name="margin"/>? (drop = baseline − tuned)</summary>
    /// <exception cref="T:System.ArgumentException">A negative count, no pairs, or a confidence outside (0.5, 1).</exception>
    let Drop (counts: PairedCounts, margin: float, confidence: float) : NonInferiorityResult =
        let change = Newcombe.Difference(counts, twoSided confidence)
        { Change = change; Margin = margin; Passed = change.Upper <= margin }

    /// <summary>Is the share gained at most <paramref name="margin"/>? (rise = tuned − baseline)</summary>
    /// <exception cref="T:System.ArgumentException">A negative count, no pairs, or a confidence outside (0.5, 1).</exception>
    let Rise (counts: PairedCounts, margin: float, confidence: float) : NonInferiorityResult =
        Drop(counts.Swapped, margin, confidence)

    /// <summary>
    /// The fewest pairs with which a model that changes nothing passes, when the baseline has the outcome at <paramref name="rate"/>
    /// (0..1). None for a margin that no number of pairs can show (0 or less).
    /// </summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">A rate outside [0, 1] or a confidence outside (0.5, 1).</exception>
    let RequiredPairs (margin: float, confidence: float, rate: float) : Nullable<int64> =
        if not (rate >= 0.0 && rate <= 1.0) then
            raise (ArgumentOutOfRangeException(nameof rate, rate, "A rate between 0 and 1 is needed."))

        let z = Normal.twoSided (twoSided confidence)

        let unchangedPasses (n: int64) =
            let n = float n
            let struct (_, upper) = Newcombe.limits (rate * n, 0.0, 0.0, (1.0 - rate) * n) z
            upper <= margin

        let most = 1L <<< 40

        if not (unchangedPasses most) then
            Nullable()
        else
            let rec search low high =
                if high - low <= 1L then high
                else
                    let middle = (low + high) / 2L
                    if unchangedPasses middle then search low middle else search middle high

            Nullable(search 0L most)
