using AlignGuard.Domain.Sweeps;
using AlignGuard.Models;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Sweeps;

/// <summary>
/// Runs a sweep to its end, or goes on with it: what is known is in its log and in the logs of its cells' runs. Given again, cells that failed are tried again.
/// </summary>
/// <param name="cancelMarker">Another name under which the sweep can be cancelled; null = its own only.</param>
public sealed class SweepRunner(SweepJob sweep, IArtifactStore store, IRunHost runs, ISweepObserver observer, CancellationToken stop, string? cancelMarker = null)
{
    private string Folder => $"sweeps/{sweep.SweepId}";

    /// <summary>Asks for the end of a sweep and its runs, wherever it runs.</summary>
    /// <returns>False where there is no such sweep.</returns>
    public static async Task<bool> CancelAsync(IArtifactStore store, string sweepId)
    {
        if (await store.ReadAsync($"sweeps/{sweepId}/events.jsonl") is null) return false;
        await RunMarkers.SetAsync(store, $"sweeps/{sweepId}/cancel");
        return true;
    }

    /// <exception cref="UserFaultException">A cell would wait for a person.</exception>
    public async Task<Driven<SweepState>> RunAsync()
    {
        if (sweep.Jobs.Any(j => j.Spec.Gate.Approval.IsRequired))
            throw new UserFaultException(["gate.approval is required in a cell: a sweep waits for nobody. Sweep with gate.approval: none, and run the cell that you choose with it."]);
        if (sweep.Jobs.Any(j => j.Spec.DriftCheck.Judges.Length > 1))
            throw new UserFaultException(["driftcheck.judges names several judges in a cell: where they disagree a person decides, and a sweep waits for nobody. Sweep with one judge, and run the cell that you choose with several."]);
        while (true)
        {
            try
            {
                return await DriveAsync();
            }
            catch (LogMovedException e)
            {
                observer.Says($"{e.Message} It is looked at again.");
            }
        }
    }

    private async Task<Driven<SweepState>> DriveAsync()
    {
        using var done = new CancellationTokenSource();
        using var cancel = new CancellationTokenSource();
        var watches = new[] { $"{Folder}/cancel", cancelMarker }.OfType<string>().Select(marker => RunMarkers.WatchAsync(store, marker, cancel, TimeProvider.System, done.Token)).ToList();
        var log = new SweepLog(store, Folder);
        using var port = new LocalSweepPort(sweep, store, runs, log, observer, cancel.Token, stop);
        try
        {
            return await Driver.RunAsync(Driver.Sweep, port, await TakenUpAsync(log));
        }
        finally
        {
            await done.CancelAsync();
            await Task.WhenAll(watches);
        }
    }

    private async Task<SweepState> TakenUpAsync(SweepLog log)
    {
        var state = SweepDecider.Fold(await log.ReadAsync());
        if (state.Plan is null) return await HappenedAsync(log, state, SweepEvent.NewStarted(sweep.Plan));
        if (SweepDecider.IsTerminal(state) && state.Results.Any(r => r.Outcome.IsFailed)) return await HappenedAsync(log, state, SweepDecider.RetryEvent(state));
        return state;
    }

    private static async Task<SweepState> HappenedAsync(SweepLog log, SweepState state, SweepEvent happened)
    {
        await log.AppendAsync(happened);
        return SweepDecider.Decide(state, happened).Item1;
    }
}
