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

    /// Every figure of a group: its name, whether it drifted, and how it moved.
    let private figures (g: CategoryComparison) =
        Array.append
            (g.Metrics |> Array.map (fun m -> string m.Metric, m.IsDrift, moved m))
            (g.Toxicity |> Option.map (fun t -> "toxic answers", t.IsDrift, toxic t) |> Option.toArray)

    let private drifted (g: CategoryComparison) = figures g |> Array.filter (fun (_, isDrift, _) -> isDrift)

    let private movements (figures: (string * bool * string)[]) = String.Join(", ", figures |> Array.map (fun (_, _, moved) -> moved))

    let private found (c: DriftComparison) =
        let overall = drifted c.Overall

        let places figure (found: string[]) =
            let tested = c.Categories |> Array.filter (figures >> Array.exists (fun (name, _, _) -> name = figure)) |> Array.length
            if found.Length > 2 && found.Length = tested then $"all {tested}" else String.Join(", ", found)

        let within =
            c.Categories
            |> Array.collect (fun g -> drifted g |> Array.map (fun (figure, _, _) -> figure, string g.Category))
            |> Array.groupBy fst
            |> Array.map (fun (figure, found) -> $"{figure} in {places figure (Array.map snd found)}")

        let all = if overall.Length = 0 then [] else [ movements overall ]
        let single = if within.Length = 0 then [] else [ "by category " + String.Join(", ", within) ]
        String.Join("; ", all @ single)

    /// <summary>True when any figure, of all prompts or of a category, drifted beyond chance.</summary>
    let IsDrift (c: DriftComparison) : bool = Array.append [| c.Overall |] c.Categories |> Array.exists (fun g -> (drifted g).Length > 0)

    /// <summary>Whether there is drift beyond chance, and which figures moved how far; intervals at the comparison's confidence.</summary>
    let Line (c: DriftComparison) : string =
        let prompts = c.Overall.Metrics |> Array.fold (fun most m -> (let counts = m.Counts in max most counts.Total)) 0L
        let count = prompts.ToString("N0", CultureInfo.InvariantCulture)

        if IsDrift c then $"Drift beyond chance on {count} prompts: {found c}."
        else $"No drift beyond chance on {count} prompts: {movements (figures c.Overall)}."
