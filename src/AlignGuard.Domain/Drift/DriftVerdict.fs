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

    let private toxic (t: ToxicityComparison) = $"toxic answers {points t.ToxicRise.Value} points ({points t.ToxicRise.Lower} to {points t.ToxicRise.Upper})"

    /// Names of a group's figures that drifted, with how each moved.
    let private drifted (g: CategoryComparison) =
        Array.append
            (g.Metrics |> Array.filter _.IsDrift |> Array.map (fun m -> string m.Metric, moved m))
            (g.Toxicity |> Option.filter _.IsDrift |> Option.map (fun t -> "toxic answers", toxic t) |> Option.toArray)

    let private has (figure: string) (g: CategoryComparison) =
        if figure = "toxic answers" then g.Toxicity.IsSome else g.Metrics |> Array.exists (fun m -> string m.Metric = figure)

    let private found (c: DriftComparison) =
        let overall = drifted c.Overall |> Array.map snd

        let places figure (found: string[]) =
            let tested = c.Categories |> Array.filter (has figure) |> Array.length
            if found.Length > 2 && found.Length = tested then $"all {tested}" else String.Join(", ", found)

        let within =
            c.Categories
            |> Array.collect (fun g -> drifted g |> Array.map (fun (figure, _) -> figure, string g.Category))
            |> Array.groupBy fst
            |> Array.map (fun (figure, found) -> $"{figure} in {places figure (Array.map snd found)}")

        let all = if overall.Length = 0 then [] else [ String.Join(", ", overall) ]
        let single = if within.Length = 0 then [] else [ "by category " + String.Join(", ", within) ]
        String.Join("; ", all @ single)

    /// <summary>True when any figure, of all prompts or of a category, drifted beyond chance.</summary>
    let IsDrift (c: DriftComparison) : bool = Array.append [| c.Overall |] c.Categories |> Array.exists (fun g -> (drifted g).Length > 0)

    /// <summary>Whether there is drift beyond chance, and which figures moved how far; intervals at the comparison's confidence.</summary>
    let Line (c: DriftComparison) : string =
        let prompts = c.Overall.Metrics |> Array.fold (fun most m -> (let counts = m.Counts in max most counts.Total)) 0L
        let count = prompts.ToString("N0", CultureInfo.InvariantCulture)
        let figures = Array.append (c.Overall.Metrics |> Array.map moved) (c.Overall.Toxicity |> Option.map toxic |> Option.toArray)

        if IsDrift c then $"Drift beyond chance on {count} prompts: {found c}."
        else $"""No drift beyond chance on {count} prompts: {String.Join(", ", figures)}."""
