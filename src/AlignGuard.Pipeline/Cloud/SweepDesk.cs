using AlignGuard.Domain.FineTuning;
using AlignGuard.Domain.Sweeps;
using AlignGuard.Models;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using AlignGuard.Pipeline.Sweeps;

namespace AlignGuard.Pipeline.Cloud;

/// <summary>What the orchestrator's own container does for sweeps, as <see cref="LightDesk"/> for runs.</summary>
public sealed class SweepDesk(IArtifactStore store)
{
    private static string Folder(string sweepId) => $"sweeps/{sweepId}";

    /// <summary>What the log says; a new sweep is begun, and of one that ended what failed is tried again. Later histories of the same orchestration try nothing again.</summary>
    public async Task<OpenSweepAnswer> OpenAsync(SweepRequest request)
    {
        try
        {
            var sweep = await AskedSweep.ReadAsync(store, request.SweepId);
            var log = new SweepLog(store, Folder(request.SweepId));
            var events = (await log.ReadAsync()).ToList();
            var state = SweepDecider.Fold(events);
            if (state.Plan is null) await AppendAsync(SweepEvent.NewStarted(sweep.Plan));
            else if (request.Generation == 0 && SweepDecider.IsTerminal(state) && state.Results.Any(r => r.Outcome.IsFailed)) await AppendAsync(SweepDecider.RetryEvent(state));
            var length = (await store.ReadAsync($"{Folder(request.SweepId)}/events.jsonl"))!.Content.Length;
            return new OpenSweepAnswer(SweepPack.Events(events), SweepPack.Runs(sweep.Jobs.Select(j => j.RunId)), length, await RunMarkers.IsSetAsync(store, $"{Folder(request.SweepId)}/cancel"), []);

            async Task AppendAsync(SweepEvent happened)
            {
                await log.AppendAsync(happened);
                events.Add(happened);
            }
        }
        catch (UserFaultException e)
        {
            return new OpenSweepAnswer("", "", 0, false, [Bounded.Sentence(string.Join(' ', e.Problems))]);
        }
        catch (Exception e) when (LightDesk.Trouble(e) is { } trouble)
        {
            return new OpenSweepAnswer("", "", 0, false, [], trouble);
        }
    }

    public Task<CellAnswer> StopCellAsync(CellRequest request) => GuardedAsync(async () =>
    {
        await RunMarkers.SetAsync(store, RunMarkers.Cancel(request.RunId));
        return SweepEvent.NewStopped(request.Cell, request.Attempt);
    });

    /// <summary>News of a quick check, prompt by prompt beside the base model. News may be left out.</summary>
    public Task<CellAnswer> ProgressAsync(CellRequest request) => GuardedAsync(async () =>
        await RunFolders.OpenAsync(store, request.RunId) is { } run ? SweepEvent.NewProgressed(request.Cell, request.Attempt, await CellFigures.ProgressAsync(run, request.Step, request.Segment)) : null);

    /// <summary>What came of a cell's run, by its log; by what its orchestration returned where there was no run to have a log.</summary>
    public Task<CellAnswer> ResultAsync(CellRequest request) => GuardedAsync(async () => SweepEvent.NewCellEnded(request.Cell, request.Attempt,
        await CellFigures.EndedAsync(store, request.RunId) ?? CellResult.NotRun(CellOutcome.NewFailed(request.Ended))));

    public Task<CellAnswer> CloseAsync(string sweepId) => GuardedAsync(async () =>
    {
        var state = SweepDecider.Fold(await new SweepLog(store, Folder(sweepId)).ReadAsync(repair: false));
        await SweepReport.WriteAsync(store, await AskedSweep.ReadAsync(store, sweepId), state);
        return null;
    });

    private static async Task<CellAnswer> GuardedAsync(Func<Task<SweepEvent?>> work)
    {
        try
        {
            return new CellAnswer(await work() is { } happened ? SweepEventCodec.Write(Cut(happened)) : null);
        }
        catch (Exception e) when (e is DamagedArtifactException or UserFaultException)
        {
            // Figures that cannot be read are figures that there are none of; the run's own orchestration finds out about the damage.
            return new CellAnswer(null);
        }
        catch (Exception e) when (LightDesk.Trouble(e) is { } trouble)
        {
            return new CellAnswer(null, trouble);
        }
    }

    private static SweepEvent Cut(SweepEvent happened)
    {
        if (happened is not SweepEvent.CellEnded { Result: { Outcome: CellOutcome.Failed failed } result } e) return happened;
        return SweepEvent.NewCellEnded(e.Cell, e.Attempt, new CellResult(CellOutcome.NewFailed(Bounded.Sentence(failed.Message)), result.RunId, result.Step, result.Refusal, result.OverRefusal, result.Helpful, result.Task, result.RefusalKept));
    }
}
