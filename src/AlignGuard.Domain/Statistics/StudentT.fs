namespace AlignGuard.Domain.Statistics

open System

/// <summary>Student's t distribution.</summary>
module StudentT =

    // Lanczos approximation, g = 7, n = 9 (Godfrey's coefficients; relative error below 1e-15).
    let private lanczos =
        [| 0.99999999999980993; 676.5203681218851; -1259.1392167224028; 771.32342877765313; -176.61502916214059
           12.507343278686905; -0.13857109526572012; 9.9843695780195716e-6; 1.5056327351493116e-7 |]

    /// ln Γ(x), x >= 0.5.
    let private logGamma (x: float) =
        let x = x - 1.0
        let t = x + 7.5
        let sum = Array.fold (fun (s, i) c -> (if i = 0 then c else s + c / (x + float i)), i + 1) (0.0, 0) lanczos |> fst
        0.5 * log (2.0 * Math.PI) + (x + 0.5) * log t - t + log sum

    /// The continued fraction of the incomplete beta function by Lentz's method (DLMF 8.17.22).
    let private betaFraction a b x =
        let tiny = 1e-300
        let guard v = if abs v < tiny then tiny else v
        let mutable c = 1.0
        let mutable d = 1.0 / guard (1.0 - (a + b) * x / (a + 1.0))
        let mutable h = d
        let mutable m = 1
        let mutable converged = false

        while not converged && m <= 10_000 do
            let fm = float m
            let even = fm * (b - fm) * x / ((a + 2.0 * fm - 1.0) * (a + 2.0 * fm))
            d <- 1.0 / guard (1.0 + even * d)
            c <- guard (1.0 + even / c)
            h <- h * d * c
            let odd = -(a + fm) * (a + b + fm) * x / ((a + 2.0 * fm) * (a + 2.0 * fm + 1.0))
            d <- 1.0 / guard (1.0 + odd * d)
            c <- guard (1.0 + odd / c)
            h <- h * d * c
            converged <- abs (d * c - 1.0) < 1e-16
            m <- m + 1

        h

    /// The regularised incomplete beta function I_x(a, b).
    let private incompleteBeta a b x =
        if x <= 0.0 then 0.0
        elif x >= 1.0 then 1.0
        else
            let front = exp (logGamma (a + b) - logGamma a - logGamma b + a * log x + b * log (1.0 - x))
            if x < (a + 1.0) / (a + b + 2.0) then front * betaFraction a b x / a
            else 1.0 - front * betaFraction b a (1.0 - x) / b

    /// P(|T| > t) = I_{v/(v+t²)}(v/2, 1/2).
    let private twoTails (v: float) t =
        incompleteBeta (v / 2.0) 0.5 (v / (v + t * t))

    /// <summary>The quantile t with P(T &lt;= t) = <paramref name="p"/> at <paramref name="degrees"/> degrees of freedom.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">p is not strictly between 0 and 1, or degrees &lt; 1.</exception>
    let Quantile (p: float, degrees: int) : float =
        if not (p > 0.0 && p < 1.0) then
            raise (ArgumentOutOfRangeException(nameof p, p, "A probability strictly between 0 and 1 is needed."))

        if degrees < 1 then
            raise (ArgumentOutOfRangeException(nameof degrees, degrees, "At least one degree of freedom is needed."))

        if p = 0.5 then 0.0
        else
            let tails = 2.0 * min p (1.0 - p)
            let exceeds t = twoTails (float degrees) t > tails
            let rec above t = if exceeds t && t < 1e300 then above (t * 2.0) else t

            // Bisection until the interval no longer shrinks: slow and certain, and quantiles are asked for a few times a report.
            let rec bisect low high =
                let middle = low + (high - low) / 2.0
                if middle <= low || middle >= high then middle
                elif exceeds middle then bisect middle high
                else bisect low middle

            let t = bisect 0.0 (above 1.0)
            if p < 0.5 then -t else t
