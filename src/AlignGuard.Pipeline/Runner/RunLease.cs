using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Runner;

/// <summary>
/// The lease on <c>runs/{runId}/lock</c>: two processes that are given the same run take turns instead of doing the same work twice. Correctness never depends on it: the commits and
/// the log decide. A holder that cannot renew it stops at once.
/// </summary>
public sealed class RunLease : IAsyncDisposable
{
    // The service grants 15 to 60 s.
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Renewal = Duration / 3;
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _lost = new(), _done = new();
    private readonly IStoreLease _lease;
    private readonly TimeProvider _clock;
    private readonly Task _renewals;

    private RunLease(IStoreLease lease, TimeProvider clock)
    {
        (_lease, _clock) = (lease, clock);
        _renewals = RenewAsync();
    }

    /// <summary>Cancelled when the lease was lost.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Takes it, waiting for whoever has it. Null = told to stop before.</summary>
    /// <exception cref="RunBusyException">Somebody has it, and it is not to be waited for.</exception>
    public static async Task<RunLease?> TakeAsync(RunRecords records, IRunObserver observer, TimeProvider clock, bool wait, CancellationToken stop)
    {
        var name = $"{records.Folder}/lock";
        var holder = Holder(Environment.ProcessId);
        var told = false;
        while (true)
        {
            if (stop.IsCancellationRequested) return null;
            if (await records.Store.TryLeaseAsync(name, holder, Duration, CancellationToken.None) is { } lease)
            {
                InjectionPoints.Reached("leased");
                return new RunLease(lease, clock);
            }
            var other = await HolderAsync(records.Store, name);
            if (IsDead(other))
            {
                await records.Store.BreakLeaseAsync(name, CancellationToken.None);
                continue;
            }
            if (!wait) throw new RunBusyException($"Run {records.RunId} is being worked on by {other}.");
            if (!told) observer.Says($"Run {records.RunId} is being worked on by {other}; waiting for it. Whatever that one finishes is not done again.");
            told = true;
            try
            {
                await Task.Delay(Look, clock, stop);
            }
            catch (OperationCanceledException)
            {
                return null;
            }
        }
    }

    /// <exception cref="RunBusyException">Another process works on the run. A moment later it may be otherwise.</exception>
    public static async Task RequireFreeAsync(IArtifactStore store, string runId)
    {
        var name = $"runs/{runId}/lock";
        if (await store.TryLeaseAsync(name, Holder(Environment.ProcessId), Duration) is { } lease) await lease.DisposeAsync();
        else if (await HolderAsync(store, name) is var other && !IsDead(other)) throw new RunBusyException($"Run {runId} is being worked on by {other}.");
    }

    private static string Holder(int process) => $"{Environment.MachineName}, process {process}";

    /// <summary>True for a process of this machine that is no more: a run that was killed goes on at once. Of other machines nobody can tell; their lease ends by itself.</summary>
    private static bool IsDead(string holder)
    {
        var mine = Holder(0)[..^1];
        if (!holder.StartsWith(mine, StringComparison.Ordinal) || !int.TryParse(holder.AsSpan(mine.Length), out var id)) return false;
        try
        {
            using var process = System.Diagnostics.Process.GetProcessById(id);
            return false;
        }
        catch (ArgumentException)
        {
            return true;
        }
    }

    private static async Task<string> HolderAsync(IArtifactStore store, string name) =>
        await store.ReadAsync(name) is { Content.Length: > 0 } blob ? System.Text.Encoding.UTF8.GetString(blob.Content) : "another process";

    private async Task RenewAsync()
    {
        var renewed = _clock.GetTimestamp();
        try
        {
            while (true)
            {
                await Task.Delay(Renewal, _clock, _done.Token);
                var held = await TryRenewAsync();
                // A store that is away may come back before the lease ends; one that says no means it.
                if (held is false || (held is null && _clock.GetElapsedTime(renewed) >= Duration)) break;
                if (held is true) renewed = _clock.GetTimestamp();
            }
            _lost.Cancel();
        }
        catch (OperationCanceledException)
        {
            // Given back.
        }
    }

    /// <summary>Null = the store did not answer.</summary>
    private async Task<bool?> TryRenewAsync()
    {
        try
        {
            return await _lease.RenewAsync(_done.Token);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _done.Cancel();
        await _renewals;
        await _lease.DisposeAsync();
    }
}
