using System.Collections.Concurrent;
using System.Text.Json;
using AlignGuard.Domain.FineTuning;
using AlignGuard.Domain.Spec;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using AlignGuard.Server.Runs;

namespace AlignGuard.Server.Tests.Support;

/// <summary>Does what the real executor does to the store, without models and tensors: pins the run, logs its events, ends accepted.</summary>
internal sealed class FakeExecutor(IArtifactStore store) : IRunExecutor
{
    private readonly Lock _lock = new();
    private int _running;

    /// <summary>In place of the usual course.</summary>
    public Func<Job, CancellationToken, Task>? Instead { get; set; }

    /// <summary>Ids in the order they were begun, with repetitions.</summary>
    public ConcurrentQueue<string> Begun { get; } = new();

    /// <summary>Most at the same time.</summary>
    public int Most { get; private set; }

    public async Task ExecuteAsync(Job job, CancellationToken stop)
    {
        lock (_lock) Most = Math.Max(Most, ++_running);
        Begun.Enqueue(job.RunId);
        try
        {
            if (Instead is { } instead) await instead(job, stop);
            else await FinishAsync(job);
        }
        finally
        {
            lock (_lock) _running--;
        }
    }

    public async Task PinAsync(Job job)
    {
        var pinned = new PinnedRun(JsonDocument.Parse(JobFile.Serialise(job.Spec)).RootElement, JobFile.Hash(job.Spec), "m", "d", "e", "p", 1);
        await store.CreateAsync(PinnedRun.Name(job.RunId), CommitProtocol.ToJson(pinned));
    }

    /// <summary>The whole course of an accepted run.</summary>
    public async Task FinishAsync(Job job)
    {
        await PinAsync(job);
        var log = new RunLog(store, $"runs/{job.RunId}");
        var state = FineTuningDecider.Fold(await log.ReadAsync());
        if (state.Plan is null) state = await HappenedAsync(log, state, Event.NewStarted(Plan.Of(job.Spec)));
        while (!FineTuningDecider.IsTerminal(state))
        {
            var command = FineTuningDecider.Outstanding(state)[0];
            var decision = command.Work.IsApproval ? await ApprovalMarker.FindAsync(store, job.RunId) : null;
            // Nobody waits for a person.
            if (command.Work.IsApproval && decision is null) return;
            state = await HappenedAsync(log, state, Event.NewCompleted(command.Id, command.Attempt, decision is null ? Result(command.Work) : CommandResult.NewApprovalDone(decision.Approved, decision.By)));
        }
        await store.CreateAsync($"runs/{job.RunId}/report.html", "<p>report</p>"u8.ToArray());
        await store.CreateAsync($"models/{job.Spec.Name}/{job.RunId}/README.md", "card"u8.ToArray());
    }

    private static async Task<State> HappenedAsync(RunLog log, State state, Event happened)
    {
        await log.AppendAsync(happened, 0.5);
        return FineTuningDecider.Decide(state, happened).Item1;
    }

    /// <summary>A run that ends as failed by its own log, and says so as the real executor does.</summary>
    public async Task FailAsync(Job job, string message)
    {
        await PinAsync(job);
        var log = new RunLog(store, $"runs/{job.RunId}");
        await log.ReadAsync();
        await log.AppendAsync(Event.NewStarted(Plan.Of(job.Spec)));
        await log.AppendAsync(Event.NewFailed("baseline", 1, new Fault(FaultKind.BadInput, message)));
        throw new RunFailedException(job.RunId, (Outcome.Failed)FineTuningDecider.Fold(await log.ReadAsync()).Outcome!.Value);
    }

    private static CommandResult Result(Work work) => work switch
    {
        Work.Segment s => CommandResult.NewSegmentDone(s.ToStep, $"segment/{s.Index}", 1.5, null),
        Work.DriftCheck => CommandResult.NewDriftDone(new DriftSummary(0.97, 0.01, 0.98, 0.9, 3.0, 0.02, "drift")),
        Work.Fisher => CommandResult.FisherDone,
        Work.Decompose => CommandResult.NewDecomposeDone([]),
        { IsGate: true } => CommandResult.NewGateDone(true),
        { IsPublish: true } => CommandResult.NewPublished("models/x"),
        _ => CommandResult.BaselineDone,
    };
}
