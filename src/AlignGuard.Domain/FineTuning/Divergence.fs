namespace AlignGuard.Domain.FineTuning

/// <summary>What is to be done about a segment's training.</summary>
[<RequireQualifiedAccess>]
type SegmentHealth =
    | Healthy
    /// Go back to the segment's beginning and train it again at a lower rate.
    | RollBack of Why: string
    /// It diverged at the lower rate too.
    | Fail of Why: string

/// <summary>Judges a segment's steps: gradients that are not finite (such steps touch nothing), and a loss that stays far above what is usual.</summary>
module Divergence =

    /// <summary>The learning rate after a rollback, as a factor. A run is rolled back once.</summary>
    [<Literal>]
    let LowerRate = 0.5

    /// Of a short segment, or what there is of one that was told to stop, a few prove nothing.
    [<Literal>]
    let private Few = 3

    /// <param name="steps">Steps taken or skipped.</param>
    /// <param name="skipped">Those whose gradient was not finite.</param>
    /// <param name="share">Of the steps that may be skipped (train.maxSkipped), 0..1.</param>
    /// <param name="stopped">The segment was told to stop before its end.</param>
    /// <param name="watch">After its last step.</param>
    /// <param name="rolledBack">The run was rolled back before.</param>
    let Judge (steps: int, skipped: int, share: float, stopped: bool, watch: LossWatch, rolledBack: bool) : SegmentHealth =
        let nothingDone = skipped = steps && not stopped
        let ill why = if rolledBack then SegmentHealth.Fail why else SegmentHealth.RollBack why

        if steps > 0 && float skipped > share * float steps && (skipped > Few || nothingDone) then ill $"{skipped} of {steps} steps had a gradient that is not finite"
        elif LossWatch.Tripped watch then ill $"the loss stayed for {watch.Over} steps above train.watchdog times its usual value"
        else SegmentHealth.Healthy
