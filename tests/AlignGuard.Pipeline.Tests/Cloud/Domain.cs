using AlignGuard.Domain.FineTuning;
using AlignGuard.Domain.Spec;
using AlignGuard.Domain.Sweeps;
using FsCheck;
using FsCheck.Fluent;

namespace AlignGuard.Pipeline.Tests.Cloud;

/// <summary>Commands, events and plans of every kind, with texts of every kind.</summary>
internal static class Domain
{
    // Quotes, escapes, pairs and what JSON writes as six characters each.
    private static readonly string[] Texts = ["", "plain", "a \"quoted\" word", "back\\slash\nand line", "\u0000\u001f", "\ud83d\ude00\ud83d\ude00", "öß漢", new('"', 5_000), new('\u0001', 9_000), string.Concat(Enumerable.Repeat("\ud83d\ude00", 3_000))];

    public static Gen<string> Text => Gen.Elements(Texts);
    private static Gen<int> Number => Gen.Elements(0, 1, 7, 10_000, int.MaxValue);
    private static Gen<int?> Optional => Gen.OneOf(Number.Select(n => (int?)n), Gen.Constant((int?)null));
    private static Gen<double> Real => Gen.Elements(0, 0.1, 1.0 / 3, -5e-324, double.MaxValue, double.NaN, double.PositiveInfinity, double.NegativeInfinity);
    private static Gen<double?> Share => Gen.OneOf(Gen.Elements(0, 1.0 / 3, 0.98765432109876543).Select(r => (double?)r), Gen.Constant((double?)null));
    private static Gen<string> CommandId => Gen.Elements("baseline", "fisher/0", "decompose/12", "segment/9999", "drift/3", "drift/final", "gate", "approval", "publish", "backoff/segment/3");

    public static Gen<Work> Works => Gen.OneOf(
        Gen.Elements(Work.Baseline, Work.Gate, Work.Approval),
        from r in Number from s in Number from p in Optional select Work.NewFisher(r, s, p),
        Number.Select(Work.NewDecompose),
        from i in Number from f in Number from t in Number from r in Optional from p in Optional select Work.NewSegment(i, f, t, r, p),
        from g in Number from s in Number from z in Gen.Elements(DriftSize.Quick, DriftSize.Final) select Work.NewDriftCheck(g, s, z),
        Number.Select(Work.NewPublish),
        from c in CommandId from d in Gen.Elements(0, 1.0 / 3, 3599.999) select Work.NewBackoff(c, d));

    public static Gen<Command> Commands => from id in CommandId from attempt in Gen.Choose(1, 9) from work in Works select new Command(id, attempt, work);

    public static Gen<Plan> Plans =>
        from steps in Gen.Choose(1, 40)
        from segment in Gen.Choose(1, 9)
        from refresh in Gen.Choose(0, 9)
        from guarded in Gen.Elements(true, true, false)
        from drift in Gen.Elements(DriftSchedule.Segment, DriftSchedule.Final, DriftSchedule.NewSteps(4))
        from approval in Gen.Elements(true, false)
        from attempts in Gen.Choose(1, 3)
        from patience in Gen.Choose(0, 2)
        select new Plan(steps, segment, refresh, guarded, drift, approval, attempts, 2, 7, patience, 0.01);

    private static Gen<Fault> Faults => from kind in Gen.Elements(FaultKind.Transient, FaultKind.BadInput, FaultKind.DataChanged, FaultKind.Permanent) from message in Text select new Fault(kind, message);

    private static Gen<DriftSummary> Summaries => from a in Share from b in Share from c in Share from d in Share from e in Share from f in Share from r in Gen.Elements("runs/r/drift/3@abc") select new DriftSummary(a, b, c, d, e, f, r);

    public static Gen<CommandResult> Results => Gen.OneOf(
        Gen.Elements(CommandResult.BaselineDone, CommandResult.FisherDone, CommandResult.NewGateDone(true), CommandResult.NewGateDone(false), CommandResult.GateDisputed),
        from n in Gen.Elements(0, 3, 500) from texts in Text.ListOf(n) select CommandResult.NewDecomposeDone([.. texts]),
        from step in Number from loss in Real select CommandResult.NewSegmentDone(step, "runs/r/segments/3@0123", loss, null),
        Summaries.Select(CommandResult.NewDriftDone),
        from yes in Gen.Elements(true, false) select CommandResult.NewApprovalDone(yes, "somebody"),
        Gen.Constant(CommandResult.NewPublished("models/m/r")));

    public static Gen<Event> Events => Gen.OneOf(
        Plans.Select(Event.NewStarted),
        from id in CommandId from n in Gen.Choose(1, 9) from result in Results select Event.NewCompleted(id, n, result),
        from id in CommandId from n in Gen.Choose(1, 9) from fault in Faults select Event.NewFailed(id, n, fault),
        from id in CommandId from n in Gen.Choose(1, 9) select Event.NewBackoffElapsed(id, n),
        Gen.Constant(Event.CancelRequested));

    /// <summary>What may happen to a run at this point: an answer to what is outstanding, in all its ways, or something from outside.</summary>
    public static Event Next(State state, int dice)
    {
        if (state.Outstanding.Length == 0 || dice % 23 == 0) return Event.CancelRequested;
        var command = state.Outstanding[0];
        if (command.Work is Work.Backoff wait) return Event.NewBackoffElapsed(wait.ForCommand, command.Attempt);
        if (dice % 7 == 0) return Event.NewFailed(command.Id, command.Attempt, new Fault(FaultKind.Transient, "gone"));
        return Event.NewCompleted(command.Id, command.Attempt, command.Work switch
        {
            Work.Fisher => CommandResult.FisherDone,
            Work.Decompose => CommandResult.NewDecomposeDone(["a warning"]),
            Work.Segment s => CommandResult.NewSegmentDone(dice % 3 == 0 ? s.FromStep + 1 : s.ToStep, $"runs/r/segments/{s.Index}@{dice}", 1.5, dice % 2 == 0 ? dice % 7 : null),
            Work.DriftCheck d => CommandResult.NewDriftDone(new DriftSummary(1, 0, 1, 1, 1, 0, $"runs/r/drift/{d.Segment}@{dice}")),
            Work.Publish => CommandResult.NewPublished("models/m/r"),
            { IsBaseline: true } => CommandResult.BaselineDone,
            { IsApproval: true } => CommandResult.NewApprovalDone(dice % 2 == 0, "somebody"),
            _ => dice % 5 == 1 ? CommandResult.GateDisputed : CommandResult.NewGateDone(dice % 5 > 0),
        });
    }
}
