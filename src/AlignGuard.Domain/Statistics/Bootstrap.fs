namespace AlignGuard.Domain.Statistics

open System
open System.Collections.Generic

/// <summary>
/// The bootstrap interval of a mean, bias-corrected and accelerated (BCa; Efron 1987): for figures that are no proportions, such as toxicity probabilities, whose distribution is skewed.
/// The same sample and seed give the same interval.
/// </summary>
module Bootstrap =

    /// Resamples; 2,000 settle 95 % limits to about a tenth of their distance from the mean.
    [<Literal>]
    let Resamples = 2000

    /// P(Z <= z) by the complementary error function (Numerical Recipes' Chebyshev fit: relative error below 1.2e-7).
    let private cumulative z =
        let x = abs z / sqrt 2.0
        let t = 1.0 / (1.0 + 0.5 * x)

        let fit =
            [| 0.17087277; -0.82215223; 1.48851587; -1.13520398; 0.27886807; -0.18628806; 0.09678418; 0.37409196; 1.00002368; -1.26551223 |]
            |> Array.fold (fun sum c -> sum * t + c) 0.0

        let tail = 0.5 * t * exp (-x * x + fit)
        if z < 0.0 then tail else 1.0 - tail

    /// <summary>Mean with its interval at two-sided <paramref name="confidence"/>.</summary>
    /// <exception cref="T:System.ArgumentException">Fewer than two values, a value that is not finite, or a confidence outside (0, 1).</exception>
    let MeanInterval (sample: IReadOnlyList<float>, confidence: float, seed: int) : Estimate =
        Require.confidence confidence
        let x = Array.ofSeq sample

        if x.Length < 2 then
            raise (ArgumentException "An interval of a mean needs two values or more; one value says nothing about the spread.")

        match x |> Array.tryFindIndex (Double.IsFinite >> not) with
        | Some i -> raise (ArgumentException $"Value {i} of the sample is {x[i]}; every value must be finite.")
        | None -> ()

        // In a fixed order, so that nothing depends on the order of the values.
        let ordered = Array.sort x
        let mean = Array.average ordered
        let random = Random seed
        let means = Array.init Resamples (fun _ -> Seq.sum (seq { for _ in 1 .. x.Length -> ordered[random.Next x.Length] }) / float x.Length) |> Array.sort

        if means[0] = means[Resamples - 1] then { Value = mean; Lower = mean; Upper = mean; Confidence = confidence }
        else
            let below = (float (means |> Array.filter (fun m -> m < mean) |> Array.length) + 0.5 * float (means |> Array.filter (fun m -> m = mean) |> Array.length)) / float Resamples
            let bias = Normal.Quantile(max (0.5 / float Resamples) (min (1.0 - 0.5 / float Resamples) below))
            // Of a mean, the jackknife's acceleration is a sixth of the skewness over √n.
            let deviations = ordered |> Array.map (fun v -> v - mean)
            let acceleration = (deviations |> Array.sumBy (fun d -> d * d * d)) / (6.0 * Math.Pow(deviations |> Array.sumBy (fun d -> d * d), 1.5))

            let limit p =
                let z = bias + Normal.Quantile p
                Sample.Quantile(means, cumulative (bias + z / (1.0 - acceleration * z)))

            { Value = mean
              Lower = min mean (limit ((1.0 - confidence) / 2.0))
              Upper = max mean (limit ((1.0 + confidence) / 2.0))
              Confidence = confidence }
