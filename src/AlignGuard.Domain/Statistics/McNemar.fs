namespace AlignGuard.Domain.Statistics

open System

/// <summary>McNemar's conditional tests of "both models have the outcome equally often" (two-sided).</summary>
module McNemar =

    /// P(X <= k) and P(X = k) for X ~ Bin(n, 1/2), k <= n/2; in logarithms since 2^-n underflows beyond n = 1074.
    let private halfBinomial (k: int) (n: int) =
        let mutable logAt = -(float n) * log 2.0

        for i in 1..k do
            logAt <- logAt + log (float (n - i + 1) / float i)

        // Below k every term is at most its neighbour: sums of ratios, largest first.
        let mutable term = 1.0
        let mutable ratio = 1.0

        for i in k .. -1 .. 1 do
            term <- term * float i / float (n - i + 1)
            ratio <- ratio + term

        struct (exp logAt * ratio, exp logAt)

    let private discordant (counts: PairedCounts) =
        RequirePaired.consistent counts

        if int64 counts.OnlyBaseline + int64 counts.OnlyTuned > int64 Int32.MaxValue then
            raise (ArgumentException $"Too many discordant pairs for the exact test: {counts}.")

        struct (min counts.OnlyBaseline counts.OnlyTuned, counts.OnlyBaseline + counts.OnlyTuned)

    /// <summary>The exact conditional p-value: 2·P(X &lt;= min(b, c)) for X ~ Bin(b + c, 1/2), at most 1.</summary>
    /// <exception cref="T:System.ArgumentException">A negative count or no pairs.</exception>
    let ExactP (counts: PairedCounts) : float =
        let struct (k, n) = discordant counts
        let struct (below, _) = halfBinomial k n
        min 1.0 (2.0 * below)

    /// <summary>
    /// The mid-p value: the exact one with only half the weight of what was observed. Less conservative, and close to its
    /// nominal level (Fagerland, Lydersen, Laake 2013).
    /// </summary>
    /// <exception cref="T:System.ArgumentException">A negative count or no pairs.</exception>
    let MidP (counts: PairedCounts) : float =
        let struct (k, n) = discordant counts
        let struct (below, at) = halfBinomial k n
        min 1.0 (2.0 * below - at)
