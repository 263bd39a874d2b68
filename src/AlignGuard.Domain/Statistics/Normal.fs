namespace AlignGuard.Domain.Statistics

open System

/// <summary>The standard normal distribution.</summary>
module Normal =

    /// Horner's scheme, highest power first.
    let private polynomial (coefficients: float[]) x =
        Array.fold (fun sum c -> sum * x + c) 0.0 coefficients

    // Coefficients of Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37 (1988), 477-484.
    let private centreNumerator =
        [| 2509.0809287301226727; 33430.575583588128105; 67265.770927008700853; 45921.953931549871457
           13731.693765509461125; 1971.5909503065514427; 133.14166789178437745; 3.3871328727963666080 |]

    let private centreDenominator =
        [| 5226.4952788528545610; 28729.085735721942674; 39307.895800092710610; 21213.794301586595867
           5394.1960214247511077; 687.18700749205790830; 42.313330701600911252; 1.0 |]

    let private middleNumerator =
        [| 7.74545014278341407640e-4; 2.27238449892691845833e-2; 2.41780725177450611770e-1; 1.27045825245236838258
           3.64784832476320460504; 5.76949722146069140550; 4.63033784615654529590; 1.42343711074968357734 |]

    let private middleDenominator =
        [| 1.05075007164441684324e-9; 5.47593808499534494600e-4; 1.51986665636164571966e-2; 1.48103976427480074590e-1
           6.89767334985100004550e-1; 1.67638483018380384940; 2.05319162663775882187; 1.0 |]

    let private tailNumerator =
        [| 2.01033439929228813265e-7; 2.71155556874348757815e-5; 1.24266094738807843860e-3; 2.65321895265761230930e-2
           2.96560571828504891230e-1; 1.78482653991729133580; 5.46378491116411436990; 6.65790464350110377720 |]

    let private tailDenominator =
        [| 2.04426310338993978564e-15; 1.42151175831644588870e-7; 1.84631831751005468180e-5; 7.86869131145613259100e-4
           1.48753612908506148525e-2; 1.36929880922735805310e-1; 5.99832206555887937690e-1; 1.0 |]

    /// <summary>The quantile z with P(Z &lt;= z) = <paramref name="p"/>, by algorithm AS 241 (relative error about 1e-16).</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">p is not strictly between 0 and 1.</exception>
    let Quantile (p: float) : float =
        if not (p > 0.0 && p < 1.0) then
            raise (ArgumentOutOfRangeException(nameof p, p, "A probability strictly between 0 and 1 is needed."))

        let q = p - 0.5

        if abs q <= 0.425 then
            let r = 0.180625 - q * q
            q * polynomial centreNumerator r / polynomial centreDenominator r
        else
            let r = sqrt (-log (if q < 0.0 then p else 1.0 - p))

            let magnitude =
                if r <= 5.0 then
                    polynomial middleNumerator (r - 1.6) / polynomial middleDenominator (r - 1.6)
                else
                    polynomial tailNumerator (r - 5.0) / polynomial tailDenominator (r - 5.0)

            if q < 0.0 then -magnitude else magnitude

    /// The z of a two-sided interval: Quantile((1 + confidence) / 2).
    let internal twoSided (confidence: float) =
        Require.confidence confidence
        Quantile((1.0 + confidence) / 2.0)
