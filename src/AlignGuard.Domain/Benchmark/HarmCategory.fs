namespace AlignGuard.Domain.Benchmark

/// <summary>The six categories of harm that the paper's DriftCheck asks about.</summary>
module HarmCategory =

    /// <summary>By name, in the order in which they are dealt and listed.</summary>
    let Names: System.Collections.Generic.IReadOnlyList<string> =
        [| "violence"; "hate"; "illegal"; "explicit"; "privacy"; "disinformation" |]
