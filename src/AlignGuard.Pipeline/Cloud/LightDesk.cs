using System.Text;
using System.Text.Json;
using AlignGuard.Domain.FineTuning;
using AlignGuard.Models;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Cloud;

/// <summary>What the orchestrator's own container does for runs: small reads and writes of the store, no model, no data. Every answer may come twice.</summary>
/// <param name="clock">Null = the machine's.</param>
public sealed class LightDesk(IArtifactStore store, TimeProvider? clock = null)
{
    /// <summary>What the log and the commits together prove; a new run is begun, one that failed is taken up before its failure.</summary>
    public async Task<OpenAnswer> OpenAsync(OpenRequest request)
    {
        try
        {
            var job = await StoredJob.ReadAsync(store, request.RunId);
            await TakeUpAsync(job, request.Deep);
            var content = (await store.ReadAsync($"runs/{request.RunId}/events.jsonl"))?.Content ?? [];
            var state = Folded(content);
            if (state.Outcome is { } ended) return new OpenAnswer(null, content.Length, false, [], Ended: RunOrchestration.Told(ended.Value));
            return new OpenAnswer(RunSnapshot.Of(state), content.Length, await RunMarkers.IsSetAsync(store, RunMarkers.Cancel(request.RunId)), []);
        }
        catch (UserFaultException e)
        {
            return new OpenAnswer(null, 0, false, [Bounded.Sentence(string.Join(' ', e.Problems))]);
        }
        catch (Exception e) when (Trouble(e) is { } trouble)
        {
            return new OpenAnswer(null, 0, false, [], trouble);
        }
    }

    private async Task TakeUpAsync(Job job, bool deep)
    {
        var log = new RunLog(store, $"runs/{job.RunId}", clock);
        var events = await log.ReadAsync();
        if (events.Count > 0 && await RunFolders.OpenAsync(store, job.RunId) is { } run) events = await Recovery.IntactAsync(run.Records, log, run.Observer, events, deep);
        if (FineTuningDecider.Fold(events).Outcome?.Value is Outcome.Failed failed)
        {
            // Being asked again means that the cause may be gone.
            var first = Enumerable.Range(0, events.Count).First(n => events[n] is Event.Failed f && f.CommandId == failed.CommandId);
            await log.CutAsync(first);
            events = [.. events.Take(first)];
        }
        if (FineTuningDecider.Fold(events).Plan is null) await log.AppendAsync(Event.NewStarted(Plan.Of(job.Spec)));
    }

    private static State Folded(byte[] content) => FineTuningDecider.Fold(Encoding.UTF8.GetString(content).Split('\n').SkipLast(1)
        .Select(line => EventCodec.Read(line) is { IsOk: true } read ? read.ResultValue : throw new StoreException("The run's log is damaged.")));

    public async Task<RecordAnswer> RecordAsync(RecordRequest request)
    {
        try
        {
            return await CloudLog.AppendAsync(store, request);
        }
        catch (Exception e) when (Trouble(e) is { } trouble)
        {
            return new RecordAnswer(request.At, Trouble: trouble);
        }
    }

    public async Task<LookAnswer> LookAsync(string runId)
    {
        try
        {
            var decision = await ApprovalMarker.FindAsync(store, runId);
            return new LookAnswer(await RunMarkers.IsSetAsync(store, RunMarkers.Cancel(runId)), await RunMarkers.IsSetAsync(store, RunMarkers.Pause(runId)), decision?.Approved, decision is null ? null : Bounded.Sentence(decision.By));
        }
        catch (Exception e) when (Trouble(e) is { } trouble)
        {
            return new LookAnswer(false, false, Trouble: trouble);
        }
    }

    /// <summary>The gate needs no model: the answers it compares are in the store.</summary>
    public Task<ActivityAnswer> GateAsync(ActivityRequest request) => Answers.OfAsync(request, store, async (command, _) =>
        await FineTuningActivities.RunAsync(await RunFolders.RequireAsync(store, request.RunId), command), CancellationToken.None);

    /// <summary>A sentence where the store is at fault, which passes or is seen to; null where it is not. A body may be cut short on its way, and is no JSON then.</summary>
    internal static string? Trouble(Exception e) => e switch
    {
        JsonException => "A record of the run cannot be read from the store: it was cut short on its way, or is damaged.",
        StoreException or LogMovedException or IOException or TimeoutException => Bounded.Sentence(e.Message),
        _ => null,
    };
}
