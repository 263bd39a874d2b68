using AlignGuard.Server.Triggers;

namespace AlignGuard.Server.Cloud;

/// <summary>The triggers of the server for a host that is called instead of looping: a message, a scan, a look at the schedules.</summary>
public sealed class TriggerDesk
{
    private readonly IReadOnlyList<WatchedSource> _sources;
    private readonly TriggerIntake _intake;
    private readonly ContainerWatcher _watcher;
    private readonly Scheduler? _scheduler;

    internal TriggerDesk(IReadOnlyList<WatchedSource> sources, TriggerIntake intake, ContainerWatcher watcher, Scheduler? scheduler) => (_sources, _intake, _watcher, _scheduler) = (sources, intake, watcher, scheduler);

    /// <summary>A message of blob events, as they come from a storage queue. What comes of each is written down once, however often it is delivered.</summary>
    /// <returns>False = no message of events: it is for a person to look at.</returns>
    /// <exception cref="AlignGuard.Pipeline.Store.StoreException">The store is away: deliver it again.</exception>
    public async Task<bool> TakeAsync(string message, CancellationToken cancellation = default)
    {
        if (BlobEvent.Parse(message) is not { } events) return false;
        foreach (var created in events)
            foreach (var source in _sources)
                if (created.NameIn(source) is { } name && ReadyManifest.IsManifest(name)) await _intake.TakeAsync(source, name, "queue", cancellation);
        return true;
    }

    /// <summary>Looks at every manifest that is there: finds what no event told of.</summary>
    public Task ScanAsync(CancellationToken cancellation = default) => _watcher.OnceAsync(cancellation);

    /// <summary>Starts what is due, each occurrence once.</summary>
    public Task SchedulesAsync(CancellationToken cancellation = default) => _scheduler?.OnceAsync(cancellation) ?? Task.CompletedTask;
}
