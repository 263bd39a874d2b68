namespace AlignGuard.Domain.Statistics

/// <summary>A point estimate with its interval.</summary>
[<Struct>]
type Estimate =
    {
        /// The point estimate, in the unit of the quantity (proportions and differences of proportions: fractions, not percent).
        Value: float
        /// The lower limit.
        Lower: float
        /// The upper limit.
        Upper: float
        /// Two-sided confidence of [Lower, Upper]. Each limit alone is a one-sided bound at (1 + Confidence) / 2.
        Confidence: float
    }

module internal Require =

    let confidence (value: float) =
        if not (value > 0.0 && value < 1.0) then
            raise (System.ArgumentOutOfRangeException("confidence", value, "The confidence must lie between 0 and 1, both excluded."))
