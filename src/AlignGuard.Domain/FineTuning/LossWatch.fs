namespace AlignGuard.Domain.FineTuning

open System
open AlignGuard.Domain.Statistics

/// <summary>A watch on the training loss: the last losses, and for how many steps it has been far above their median. Plain data, committed with each segment.</summary>
[<NoComparison>]
type LossWatch =
    { /// Oldest first, at most LossWatch.Memory.
      Recent: float[]
      /// Steps in a row above the limit.
      Over: int }

module LossWatch =

    /// Losses that the median is of.
    [<Literal>]
    let Memory = 100

    /// Fewer than these prove nothing about what is usual.
    [<Literal>]
    let Fewest = 20

    /// Steps above the limit that are taken for divergence.
    [<Literal>]
    let Tripping = 10

    /// <summary>Before the first step.</summary>
    let Initial: LossWatch = { Recent = [||]; Over = 0 }

    /// <summary>After a step. Losses above <paramref name="limit"/> × median do not join those that the median is of; a limit of 0 watches nothing.</summary>
    let Next (watch: LossWatch, loss: float, limit: float) : LossWatch =
        if limit <= 0.0 then watch
        elif watch.Recent.Length >= Fewest && not (loss <= limit * Sample.Median watch.Recent) then { watch with Over = watch.Over + 1 }
        elif not (Double.IsFinite loss) then watch
        else { Recent = Array.append (if watch.Recent.Length >= Memory then Array.tail watch.Recent else watch.Recent) [| loss |]; Over = 0 }

    /// <summary>Whether it has been above for so long that the training is taken for lost.</summary>
    let Tripped (watch: LossWatch) : bool = watch.Over >= Tripping
