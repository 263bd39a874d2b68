namespace AlignGuard.Domain.Gate

open System
open AlignGuard.Domain.Statistics

/// <summary>One condition of the gate, with what was found.</summary>
[<NoComparison>]
type Check =
    {
        /// "refusals", "over-refusal", "coherence", "task", "toxicity", "judges" (that they agree), or "thresholds" when the gate itself is misconfigured.
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
        /// True when every check passed, that of the judges' agreement aside.
        Accepted: bool
        /// True when it is accepted but for the judges, of whom it is not shown that they agree: a person decides.
        Disputed: bool
        /// Every check, passed or not, in a fixed order: refusals, over-refusal, coherence, task, then, where they are measured, toxicity and a check for every further judge.
        Checks: Check[]
    }

    /// "accepted", "disputed" or "rejected".
    override v.ToString() = if v.Disputed then "disputed" elif v.Accepted then "accepted" else "rejected"
