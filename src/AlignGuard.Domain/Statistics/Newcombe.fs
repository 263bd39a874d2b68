namespace AlignGuard.Domain.Statistics

/// <summary>
/// Newcombe's square-and-add interval for a difference of paired proportions: method 10 of Newcombe, "Improved confidence
/// intervals for the difference between binomial proportions based on paired data", Statistics in Medicine 17 (1998), 2635-2650.
/// </summary>
module Newcombe =

    /// The limits of baseline − tuned for real-valued cells a (both), b (only baseline), c (only tuned), d (neither).
    let internal limits (a: float, b: float, c: float, d: float) (z: float) =
        let n = a + b + c + d
        let p1, p2 = (a + b) / n, (a + c) / n
        let struct (l1, u1) = Wilson.limits (a + b) n z
        let struct (l2, u2) = Wilson.limits (a + c) n z
        let margins = (a + b) * (c + d) * (a + c) * (b + d)
        let covariance = a * d - b * c

        // A positive correlation narrows the interval, so it alone is corrected for continuity.
        let phi =
            if margins <= 0.0 then 0.0
            elif covariance > 0.0 then max (covariance - n / 2.0) 0.0 / sqrt margins
            else covariance / sqrt margins

        let add x y = sqrt (max 0.0 (x * x - 2.0 * phi * x * y + y * y))
        let difference = p1 - p2
        struct (max -1.0 (difference - add (p1 - l1) (u2 - p2)), min 1.0 (difference + add (u1 - p1) (p2 - l2)))

    /// <summary>The interval of (share under the baseline) − (share under the tuned model), in [-1, 1].</summary>
    /// <param name="counts">The paired table.</param>
    /// <param name="confidence">Two-sided confidence, e.g. 0.95. For one-sided bounds at c pass 2c − 1.</param>
    /// <exception cref="T:System.ArgumentException">A negative count, no pairs, or a confidence outside (0, 1).</exception>
    let Difference (counts: PairedCounts, confidence: float) : Estimate =
        RequirePaired.consistent counts

        let struct (lower, upper) =
            limits (float counts.Both, float counts.OnlyBaseline, float counts.OnlyTuned, float counts.Neither) (Normal.twoSided confidence)

        { Value = float (int64 counts.OnlyBaseline - int64 counts.OnlyTuned) / float counts.Total
          Lower = lower
          Upper = upper
          Confidence = confidence }
