namespace AlignGuard.Domain.Statistics

open System
open System.Collections.Generic

/// <summary>Summaries of a sample of real values, such as one figure per seed.</summary>
module Sample =

    let private values (sample: IReadOnlyList<float>) =
        if sample.Count = 0 then
            raise (ArgumentException "A sample of at least one value is needed.")

        let values = Array.ofSeq sample

        match Array.tryFindIndex (Double.IsFinite >> not) values with
        | Some i -> raise (ArgumentException $"Value {i} of the sample is {values[i]}; every value must be finite.")
        | None -> values

    /// <summary>Mean ± Student's t interval at two-sided <paramref name="confidence"/>. Needs two values or more.</summary>
    /// <exception cref="T:System.ArgumentException">Fewer than two values, a value that is not finite, or a confidence outside (0, 1).</exception>
    let MeanInterval (sample: IReadOnlyList<float>, confidence: float) : Estimate =
        Require.confidence confidence
        let x = values sample
        let n = x.Length

        if n < 2 then
            raise (ArgumentException "An interval of a mean needs two values or more; one value says nothing about the spread.")

        let mean = Array.average x
        let variance = (x |> Array.sumBy (fun v -> (v - mean) * (v - mean))) / float (n - 1)
        let half = StudentT.Quantile((1.0 + confidence) / 2.0, n - 1) * sqrt (variance / float n)
        { Value = mean; Lower = mean - half; Upper = mean + half; Confidence = confidence }

    /// <summary>The quantile at <paramref name="p"/> (0..1), linear between order statistics (Hyndman-Fan type 7, NumPy's default).</summary>
    /// <exception cref="T:System.ArgumentException">An empty sample, a value that is not finite, or p outside [0, 1].</exception>
    let Quantile (sample: IReadOnlyList<float>, p: float) : float =
        if not (p >= 0.0 && p <= 1.0) then
            raise (ArgumentOutOfRangeException(nameof p, p, "A quantile between 0 and 1 is needed."))

        let x = values sample |> Array.sort
        let h = p * float (x.Length - 1)
        let i = min (int h) (x.Length - 1)
        let j = min (i + 1) (x.Length - 1)
        if x[i] = x[j] then x[i] else x[i] + (h - float i) * (x[j] - x[i])

    /// <summary>The median: Quantile(sample, 0.5).</summary>
    /// <exception cref="T:System.ArgumentException">An empty sample or a value that is not finite.</exception>
    let Median (sample: IReadOnlyList<float>) : float = Quantile(sample, 0.5)
