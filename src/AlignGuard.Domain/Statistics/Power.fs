namespace AlignGuard.Domain.Statistics

open System

/// <summary>
/// How many prompts a paired comparison needs (large samples, unconditional; Connor 1987). A model that lost nothing still flips some answers both ways: the share of flips, not the level,
/// sets the spread.
/// </summary>
module Power =

    let private z confidence power =
        if not (power > 0.0 && power < 1.0) then
            raise (ArgumentOutOfRangeException(nameof power, power, "A power strictly between 0 and 1 is needed."))

        Normal.twoSided (NonInferiority.twoSided confidence) + Normal.Quantile power

    /// <summary>
    /// Pairs with which a model whose true drop is <paramref name="drop"/> (0 = it lost nothing) passes a limit of <paramref name="margin"/> with probability <paramref name="power"/>,
    /// when <paramref name="discordant"/> of the prompts change their outcome: (z·√(d − δ²)/(margin − δ))². Null where the drop is not below the margin: no number suffices.
    /// </summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">discordant outside [|drop|, 1], a confidence outside (0.5, 1) or a power outside (0, 1).</exception>
    let PairsToPass (margin: float, drop: float, discordant: float, confidence: float, power: float) : Nullable<int64> =
        if not (discordant >= abs drop && discordant <= 1.0) then
            raise (ArgumentOutOfRangeException(nameof discordant, discordant, $"The share of changed outcomes lies between the drop ({drop}) and 1."))

        let z = z confidence power
        if drop >= margin then Nullable()
        else
            let n = z * z * (discordant - drop * drop) / ((margin - drop) * (margin - drop))
            Nullable(int64 (Math.Ceiling(max 1.0 n)))

    /// <summary>
    /// The smallest drop that <paramref name="pairs"/> prompts reveal (the two-sided test at 2·confidence − 1 finds it) with probability <paramref name="power"/>, when so many outcomes change: z·√(d/n), and no less than z²/n, where
    /// every change is a loss.
    /// </summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">No pairs, discordant outside [0, 1], a confidence outside (0.5, 1) or a power outside (0, 1).</exception>
    let DetectableDrop (pairs: int64, discordant: float, confidence: float, power: float) : float =
        if pairs < 1L then raise (ArgumentOutOfRangeException(nameof pairs, pairs, "At least one pair is needed."))
        if not (discordant >= 0.0 && discordant <= 1.0) then raise (ArgumentOutOfRangeException(nameof discordant, discordant, "A share between 0 and 1 is needed."))
        let z = z confidence power
        min 1.0 (max (z * sqrt (discordant / float pairs)) (z * z / float pairs))
