namespace AlignGuard.Domain.Tasks

open System
open System.Collections.Generic

/// <summary>A figure of a benchmark with its standard error.</summary>
[<Struct>]
type Score =
    {
        /// In the metric's own unit: a fraction (not percent), or −1..1 for correlations.
        Value: float
        /// One standard deviation of Value over samples of this size; NaN for a single item, which says nothing about the spread.
        StandardError: float
        /// Items that Value is taken over.
        Items: int
    }

module Score =

    /// <summary>
    /// The delete-one jackknife (Efron and Stein 1981): se² = (n−1)/n · Σ (θ₍ᵢ₎ − θ̄)², from each distinct value of θ without one item and how many items give it.
    /// Of a mean it is s/√n exactly.
    /// </summary>
    let internal jackknife (without: (float * int) seq) =
        let cells = Array.ofSeq without
        let n = cells |> Array.sumBy snd |> float

        if n < 2.0 then nan
        else
            let mean = (cells |> Array.sumBy (fun (v, c) -> v * float c)) / n
            sqrt ((n - 1.0) / n * (cells |> Array.sumBy (fun (v, c) -> float c * (v - mean) * (v - mean))))

    /// <summary>The mean of one figure per item, ± s/√n with s² the sample variance (n − 1): of right and wrong answers √(p(1−p)/(n−1)), as lm-evaluation-harness has it.</summary>
    /// <exception cref="T:System.ArgumentException">No item, or a figure that is not finite.</exception>
    let Mean (figures: IReadOnlyList<float>) : Score =
        if figures.Count = 0 then
            raise (ArgumentException "A score needs at least one item.")

        let x = Array.ofSeq figures

        match x |> Array.tryFindIndex (Double.IsFinite >> not) with
        | Some i -> raise (ArgumentException $"The figure of item {i} is {x[i]}; every figure must be finite.")
        | None -> ()

        let n = float x.Length
        let mean = Array.average x
        let error = if x.Length = 1 then nan else sqrt ((x |> Array.sumBy (fun v -> (v - mean) * (v - mean))) / (n - 1.0) / n)
        { Value = mean; StandardError = error; Items = x.Length }
