namespace AlignGuard.Domain.Statistics

open System
open System.Collections.Generic

/// <summary>
/// Holm's step-down correction (Holm 1979): several tests of which any may be wrong by chance, such as one a category. Holds the chance of one false alarm or more at the
/// level asked for, whatever the dependence between the tests, and is never weaker than Bonferroni's.
/// </summary>
module Holm =

    /// <summary>
    /// Adjusted p-values, in the order given: compare each with the level. The i-th smallest of m becomes the largest of (m − j + 1)·p_j over j ≤ i, at most 1.
    /// </summary>
    /// <exception cref="T:System.ArgumentException">A p-value outside [0, 1].</exception>
    let Adjust (pValues: IReadOnlyList<float>) : float[] =
        let p = Array.ofSeq pValues

        match p |> Array.tryFindIndex (fun v -> not (v >= 0.0 && v <= 1.0)) with
        | Some i -> raise (ArgumentException $"p-value {i} is {p[i]}; it must lie between 0 and 1.")
        | None -> ()

        let adjusted = Array.zeroCreate p.Length
        let mutable largest = 0.0

        for rank, index in p |> Array.indexed |> Array.sortBy snd |> Array.mapi (fun rank (index, _) -> rank, index) do
            largest <- max largest (min 1.0 (float (p.Length - rank) * p[index]))
            adjusted[index] <- largest

        adjusted
