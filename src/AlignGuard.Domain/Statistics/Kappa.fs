namespace AlignGuard.Domain.Statistics

open System
open System.Collections.Generic

/// <summary>How far two judges agree beyond chance.</summary>
[<Struct; NoComparison>]
type Agreement =
    {
        /// Items that both judged.
        Items: int
        /// The share judged alike, 0..1.
        Observed: float
        /// The share that two judges with these habits would judge alike by chance, 0..1.
        Expected: float
        /// Cohen's κ = (observed − expected) / (1 − expected); null when both judges say one and the same thing of every item: nothing could show agreement beyond chance.
        Kappa: Nullable<Estimate>
    }

/// <summary>Cohen's kappa (Cohen 1960) with the large-sample interval of Fleiss, Cohen and Everitt (1969).</summary>
module Kappa =

    /// The standard error at these joint proportions (rows: first judge).
    let private standardError (joint: float[,]) (kappa: float) (expected: float) (n: float) =
        let k = Array2D.length1 joint
        let first = Array.init k (fun i -> Seq.sum (seq { for j in 0 .. k - 1 -> joint[i, j] }))
        let second = Array.init k (fun j -> Seq.sum (seq { for i in 0 .. k - 1 -> joint[i, j] }))
        let mutable agree = 0.0
        let mutable disagree = 0.0

        for i in 0 .. k - 1 do
            for j in 0 .. k - 1 do
                if i = j then
                    let w = 1.0 - (first[i] + second[i]) * (1.0 - kappa)
                    agree <- agree + joint[i, i] * w * w
                else
                    let w = second[i] + first[j]
                    disagree <- disagree + joint[i, j] * w * w

        let chance = kappa - expected * (1.0 - kappa)
        let variance = (agree + (1.0 - kappa) * (1.0 - kappa) * disagree - chance * chance) / (n * (1.0 - expected) * (1.0 - expected))
        sqrt (max 0.0 variance)

    /// <summary>Agreement of two judges on the same items, in the same order, at two-sided <paramref name="confidence"/>.</summary>
    /// <exception cref="T:System.ArgumentException">Lists of different lengths, no items, or a confidence outside (0, 1).</exception>
    let Of (first: IReadOnlyList<'v>, second: IReadOnlyList<'v>, confidence: float) : Agreement when 'v: equality =
        Require.confidence confidence

        if first.Count <> second.Count || first.Count = 0 then
            raise (ArgumentException $"Agreement needs the same items judged twice, at least one; got {first.Count} and {second.Count}.")

        let values = Seq.append first second |> Seq.distinct |> Array.ofSeq
        let index = values |> Array.mapi (fun i v -> v, i) |> dict
        let n = float first.Count
        let counts = Array2D.zeroCreate values.Length values.Length

        for i in 0 .. first.Count - 1 do
            let a, b = index[first[i]], index[second[i]]
            counts[a, b] <- counts[a, b] + 1

        let joint = counts |> Array2D.map (fun c -> float c / n)
        let each = [ 0 .. values.Length - 1 ]
        // Counted, so that agreement in everything is exactly 1.
        let observed = float (each |> List.sumBy (fun i -> counts[i, i])) / n
        let expected = each |> List.sumBy (fun i -> (each |> List.sumBy (fun j -> joint[i, j])) * (each |> List.sumBy (fun j -> joint[j, i])))

        let kappa =
            if values.Length = 1 then Nullable()
            else
                let value = (observed - expected) / (1.0 - expected)
                let half = Normal.twoSided confidence * standardError joint value expected n
                Nullable { Value = value; Lower = max -1.0 (value - half); Upper = min 1.0 (value + half); Confidence = confidence }

        { Items = first.Count; Observed = observed; Expected = expected; Kappa = kappa }
