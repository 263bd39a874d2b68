namespace AlignGuard.Domain.Statistics

open System

/// <summary>Wilson's score interval for one proportion (Wilson 1927), without continuity correction.</summary>
module Wilson =

    /// The limits for real-valued counts; Newcombe's interval is built from them.
    let internal limits (successes: float) (n: float) (z: float) =
        let p = successes / n
        let z2 = z * z
        let centre = p + z2 / (2.0 * n)
        let half = z * sqrt (p * (1.0 - p) / n + z2 / (4.0 * n * n))
        let scale = 1.0 + z2 / n
        // At 0 and n successes one limit is exactly 0 or 1; rounding must not push it to the wrong side of the estimate.
        struct (min p (max 0.0 ((centre - half) / scale)), max p (min 1.0 ((centre + half) / scale)))

    /// <summary>The interval of the proportion <paramref name="successes"/> / <paramref name="n"/> at two-sided <paramref name="confidence"/>.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">n &lt; 1, successes outside [0, n] or confidence outside (0, 1).</exception>
    let Interval (successes: int, n: int, confidence: float) : Estimate =
        if n < 1 then
            raise (ArgumentOutOfRangeException(nameof n, n, "At least one trial is needed."))

        if successes < 0 || successes > n then
            raise (ArgumentOutOfRangeException(nameof successes, successes, $"Successes must lie between 0 and the {n} trials."))

        let struct (lower, upper) = limits (float successes) (float n) (Normal.twoSided confidence)
        { Value = float successes / float n; Lower = lower; Upper = upper; Confidence = confidence }
