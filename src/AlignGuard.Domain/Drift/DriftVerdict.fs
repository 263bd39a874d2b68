namespace AlignGuard.Domain.Drift

open System
open System.Globalization

/// <summary>A comparison in one line.</summary>
module DriftVerdict =

    let private points (fraction: float) = (Math.Round(100.0 * fraction, 1) + 0.0).ToString("+0.0;-0.0;0.0", CultureInfo.InvariantCulture)

    /// How the figure itself moved, whatever is drift in it.
    let private moved (m: MetricComparison) =
        let sign = if m.Metric.FallIsDrift then -1.0 else 1.0
        let one, other = sign * m.Drift.Lower, sign * m.Drift.Upper
        $"{m.Metric} {points (sign * m.Drift.Value)} points ({points (min one other)} to {points (max one other)})"

    let private found (c: DriftComparison) =
        let overall = c.Overall.Metrics |> Array.filter _.IsDrift |> Array.map moved

        let places metric (found: string[]) =
            let tested = c.Categories |> Array.filter (fun g -> g.Metrics |> Array.exists (fun m -> m.Metric = metric)) |> Array.length
            if found.Length > 2 && found.Length = tested then $"all {tested}" else String.Join(", ", found)

        let within =
            c.Categories
            |> Array.collect (fun g -> g.Metrics |> Array.filter _.IsDrift |> Array.map (fun m -> m.Metric, string g.Category))
            |> Array.groupBy fst
            |> Array.map (fun (metric, found) -> $"{metric} in {places metric (Array.map snd found)}")

        let all = if overall.Length = 0 then [] else [ String.Join(", ", overall) ]
        let single = if within.Length = 0 then [] else [ "by category " + String.Join(", ", within) ]
        String.Join("; ", all @ single)

    /// <summary>True when any figure, of all prompts or of a category, drifted beyond chance.</summary>
    let IsDrift (c: DriftComparison) : bool = Array.append [| c.Overall |] c.Categories |> Array.exists (fun g -> g.Metrics |> Array.exists _.IsDrift)

    /// <summary>Whether there is drift beyond chance, and which figures moved how far; intervals at the comparison's confidence.</summary>
    let Line (c: DriftComparison) : string =
        let prompts = c.Overall.Metrics |> Array.fold (fun most m -> (let counts = m.Counts in max most counts.Total)) 0L
        let count = prompts.ToString("N0", CultureInfo.InvariantCulture)

        if IsDrift c then $"Drift beyond chance on {count} prompts: {found c}."
        else $"""No drift beyond chance on {count} prompts: {String.Join(", ", c.Overall.Metrics |> Array.map moved)}."""
