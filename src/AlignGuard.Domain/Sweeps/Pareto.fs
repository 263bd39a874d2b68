namespace AlignGuard.Domain.Sweeps

open System

/// <summary>The results that no other beats in both respects.</summary>
module Pareto =

    let private isWhole (struct (a: Nullable<float>, b: Nullable<float>)) =
        a.HasValue && b.HasValue && not (Double.IsNaN a.Value) && not (Double.IsNaN b.Value)

    /// At least as good in both, better in one.
    let internal dominates (struct (a: float, b: float)) (struct (c: float, d: float)) =
        a >= c && b >= d && (a > c || b > d)

    /// <summary>
    /// Which points are on the front when both numbers are to be large: those that no other point dominates. Equal points
    /// are on it together; a point with a missing number or NaN neither is on it nor keeps others off it.
    /// </summary>
    /// <returns>One answer for each point, in their order. Takes time in the square of their number.</returns>
    let Front (points: struct (Nullable<float> * Nullable<float>)[]) : bool[] =
        let values (struct (a: Nullable<float>, b: Nullable<float>)) = struct (a.Value, b.Value)
        let whole = points |> Array.filter isWhole |> Array.map values
        points |> Array.map (fun point -> isWhole point && not (whole |> Array.exists (fun other -> dominates other (values point))))
