namespace AlignGuard.Domain.Gate

open System
open AlignGuard.Domain.Statistics

/// <summary>One condition of the gate, with what was found.</summary>
[<NoComparison>]
type Check =
    {
        /// "refusals", "over-refusal", "coherence", "task", or "thresholds" when the gate itself is misconfigured.
        Name: string
        /// The paired table it rests on; null when not measured.
        Counts: Nullable<PairedCounts>
        /// The change (drop, rise, drop, gain), as a fraction, each limit a one-sided bound at gate.confidence; null when it cannot be computed.
        Change: Nullable<Estimate>
        /// What the bound is compared with, as a fraction.
        Threshold: float
        /// True when the condition was shown to hold.
        Passed: bool
        /// The finding in words, for reports.
        Sentence: string
    }

/// <summary>The gate's decision. An adapter is published only when accepted.</summary>
[<NoComparison>]
type Verdict =
    {
        /// True when every check passed.
        Accepted: bool
        /// Every check, passed or not, in a fixed order: refusals, over-refusal, coherence, task.
        Checks: Check[]
    }

    /// "accepted" or "rejected".
    override v.ToString() = if v.Accepted then "accepted" else "rejected"
