using AlignGuard.Domain.FineTuning;
using AlignGuard.Models;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Runner;

/// <summary>How a run stands, from the store alone: neither model nor data are opened, and nothing is written.</summary>
/// <param name="Stage">What is being done or comes next; the outcome's name once there is one.</param>
/// <param name="Attempt">Of the stage, from 1.</param>
/// <param name="Step">Optimiser steps committed.</param>
/// <param name="Loss">Of the last segment, nats per token; null before the first.</param>
/// <param name="Drift">The last drift check; null before the first.</param>
/// <param name="LastCommit">Reference of the newest segment.</param>
/// <param name="Updated">When the log last grew (UTC).</param>
/// <param name="EtaSeconds">Of the training that is left, at the pace so far; null where there is none yet.</param>
/// <param name="Message">Why it failed.</param>
/// <param name="Ended">True once there is an outcome.</param>
public sealed record RunStatus(string RunId, string Stage, int Attempt, int Step, int Steps, double? Loss, DriftSummary? Drift, string? LastCommit, DateTime? Updated,
    double? EtaSeconds, string? Published, string? Message, bool Ended)
{
    /// <summary>The stage of a run that waits for a person's decision.</summary>
    public const string ApprovalStage = "approval";

    /// <exception cref="UserFaultException">There is no such run; the message names those there are.</exception>
    public static async Task<RunStatus> ReadAsync(IArtifactStore store, string runId)
    {
        if (await PinnedRun.FindAsync(store, runId) is null)
        {
            var known = await IdsAsync(store);
            throw new UserFaultException([$"There is no run '{runId}' in {store.Location}. " + (known.Count == 0 ? "It holds no run at all." : $"It holds: {string.Join(", ", known)}.")]);
        }
        var log = new RunLog(store, $"runs/{runId}");
        var events = await log.ReadAsync(repair: false);
        var times = log.Times();
        var state = FineTuningDecider.Fold(events);
        var next = FineTuningDecider.Outstanding(state).FirstOrDefault();
        var outcome = state.Outcome?.Value;
        var segment = state.Segments.LastOrDefault();
        var steps = state.Plan?.Value.Steps ?? 0;
        return new RunStatus(runId, outcome is null ? next?.Id ?? "starting" : Reports.ReportBuilder.Name(outcome), next?.Attempt ?? 1, state.Step, steps, segment?.Loss is { } loss && double.IsFinite(loss) ? loss : null,
            state.Drifts.LastOrDefault()?.Summary, segment?.Artifact, times.Count == 0 ? null : times[^1].At,
            outcome is null && state.Step > 0 ? times.Sum(t => t.Seconds) / state.Step * (steps - state.Step) : null,
            state.Published?.Value, outcome is Outcome.Failed failed ? failed.Fault.Message : null, outcome is not null);
    }

    /// <summary>The runs of a store, ordinal order.</summary>
    public static async Task<IReadOnlyList<string>> IdsAsync(IArtifactStore store) =>
        [.. (await store.ListAsync("runs/")).Select(name => name.Split('/')).Where(parts => parts is [_, _, "spec.json"]).Select(parts => parts[1])];
}
