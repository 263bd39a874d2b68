namespace AlignGuard.Domain.FineTuning

open AlignGuard.Domain.Spec

/// <summary>The numbers of a job that decide the course of a run.</summary>
type Plan =
    {
        /// Optimiser steps of the run.
        Steps: int
        /// A segment ends at every multiple of this.
        SegmentLength: int
        /// Fisher and eigenbasis are recomputed at every absolute multiple below Steps; 0 = only at step 0.
        RefreshEvery: int
        /// False for plain LoRA: no Fisher, no Decompose.
        Guarded: bool
        /// When quick drift checks run.
        Drift: DriftSchedule
        /// True when a person has to approve what the gate accepted.
        Approval: bool
        /// How often a command is tried.
        Attempts: int
        /// Seconds before a second attempt.
        BackoffSeconds: float
        /// Decides the jitter of waits.
        Seed: int64
        /// Multiples of the segment's length without a lower evaluation loss before training ends; 0 = it never ends early.
        Patience: int
        /// A loss is lower when it fell by more than this, nats a token.
        MinDelta: float
    }

    /// <summary>The plan of a job.</summary>
    static member Of(spec: JobSpec) : Plan =
        { Steps = spec.Train.Steps
          SegmentLength = spec.Train.Segment
          RefreshEvery = spec.Guard.RefreshEvery
          Guarded = spec.IsGuarded
          Drift = spec.DriftCheck.Every
          Approval = (spec.Gate.Approval = Approval.Required)
          Attempts = spec.Retries.Attempts
          BackoffSeconds = spec.Retries.Backoff
          Seed = spec.Train.Seed
          Patience = spec.Train.EarlyStop.Patience
          MinDelta = spec.Train.EarlyStop.MinDelta }

module Plan =

    /// A plan of a valid job has none of these; a plan read from elsewhere may.
    let internal faults (plan: Plan) =
        [ if plan.Steps < 1 then $"steps is {plan.Steps}"
          if plan.SegmentLength < 1 then $"the segment length is {plan.SegmentLength}"
          if plan.RefreshEvery < 0 then $"refreshEvery is {plan.RefreshEvery}"
          if plan.Attempts < 1 then $"attempts is {plan.Attempts}"
          if plan.Patience < 0 then $"the patience is {plan.Patience}"
          if not (plan.MinDelta >= 0.0) then $"the least gain is {plan.MinDelta}"
          if not (plan.BackoffSeconds >= 0.0) then $"the backoff is {plan.BackoffSeconds} s"
          match plan.Drift with
          | DriftSchedule.Steps n when n < 1 -> $"the drift interval is {n}"
          | _ -> () ]

    /// The first multiple of length beyond step; in 64 bits, since both may be near the top of 32.
    let private nextMultiple length step = (int64 step / int64 length + 1L) * int64 length

    /// Where a segment that begins at step ends: boundaries are absolute, so a run cut anywhere comes back to them.
    let internal boundary (plan: Plan) (step: int) : int =
        let ends =
            [ int64 plan.Steps
              nextMultiple plan.SegmentLength step
              if plan.Guarded && plan.RefreshEvery > 0 then nextMultiple plan.RefreshEvery step ]

        int (List.min ends)

    /// The number of the refresh that happens at this step, if one does.
    let internal refreshAt (plan: Plan) (step: int) : int option =
        if not plan.Guarded || step >= plan.Steps then None
        elif step = 0 then Some 0
        elif plan.RefreshEvery > 0 && step % plan.RefreshEvery = 0 then Some(step / plan.RefreshEvery)
        else None

    /// Is the evaluation loss asked for at the end of a segment at this step? At absolute multiples, so that a run cut anywhere asks at the same steps.
    let EvaluationDue (plan: Plan, step: int) : bool = plan.Patience > 0 && (step % plan.SegmentLength = 0 || step >= plan.Steps)

    /// Is a quick check due at a commit at this step, the last one having been at (or before) step last?
    let internal driftDue (plan: Plan) (last: int) (step: int) : bool =
        match plan.Drift with
        | _ when step >= plan.Steps -> false
        | DriftSchedule.Final -> false
        | DriftSchedule.Segment -> step / plan.SegmentLength > last / plan.SegmentLength
        | DriftSchedule.Steps n -> step / n > last / n
