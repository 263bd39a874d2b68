using AlignGuard.Domain.FineTuning;
using AlignGuard.Pipeline.Cloud;

namespace AlignGuard.Cloud.Tests;

/// <summary>Answers as a GPU worker would, without a model: for histories that are the same every time.</summary>
/// <param name="faults">So many first attempts at segments fail.</param>
internal sealed class FakeGpu(int faults = 0)
{
    private int _faults = faults;

    public Task<ActivityAnswer> DoAsync(string name, ActivityRequest request)
    {
        var command = CommandCodec.Read(request.Command);
        var happened = command.Work.IsSegment && Interlocked.Decrement(ref _faults) >= 0
            ? Event.NewFailed(command.Id, command.Attempt, new Fault(FaultKind.Transient, "The machine was taken away."))
            : Event.NewCompleted(command.Id, command.Attempt, Result(name, command.Work));
        return Task.FromResult(new ActivityAnswer(AnswerKind.Ended, EventCodec.Write(happened), 1));
    }

    private static CommandResult Result(string name, Work work) => name is CloudNames.Prepare or CloudNames.Report ? CommandResult.BaselineDone : work switch
    {
        Work.Fisher => CommandResult.FisherDone,
        Work.Decompose => CommandResult.NewDecomposeDone([]),
        Work.Segment s => CommandResult.NewSegmentDone(s.ToStep, $"runs/r/segments/{s.Index}@0123456789abcdef", 1.5, null),
        Work.DriftCheck d => CommandResult.NewDriftDone(new DriftSummary(1, 0, 1, 1, 1, 0, $"runs/r/drift/{d.Segment}@0123456789abcdef")),
        Work.Publish => CommandResult.NewPublished("models/m/r"),
        _ => CommandResult.BaselineDone,
    };
}
