using System.Threading.Channels;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Server.Runs;

/// <summary>What came of asking for a run.</summary>
/// <param name="AlreadyKnown">True when it was accepted or run before: nothing new was begun.</param>
public sealed record StartedRun(string RunId, bool AlreadyKnown);

/// <summary>
/// The queue as it lies in the store: accepted is what is written there. One entry an id, however often and from however many hosts it is asked for; whoever
/// works on the queue (<see cref="RunWorker"/>) finds it there, also after a restart.
/// </summary>
public sealed class RunQueue(IArtifactStore store)
{
    private const string FolderName = "queue/", EntryEnd = ".json", FailedEnd = ".failed.json";

    // A pulse says that there is something new to see; one is as good as many.
    private readonly Channel<bool> _pulses = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    internal ChannelReader<bool> Pulses => _pulses.Reader;

    internal void Pulse() => _pulses.Writer.TryWrite(true);

    /// <summary>Writes an entry down, unless its run is known.</summary>
    /// <param name="again">A run that failed is begun again: for people, who may have mended the cause. False for events, which may be repetitions.</param>
    /// <exception cref="StoreException">The store cannot be reached or written; nothing was accepted.</exception>
    public async Task<StartedRun> AddAsync(QueueEntry entry, bool again, CancellationToken cancellation = default)
    {
        if (await FindAsync(entry.Id, cancellation) is not null || await RunMarkers.IsSetAsync(store, RunMarkers.Cancel(entry.Id), cancellation)) return new StartedRun(entry.Id, true);
        var failed = await store.ReadAsync(FailedName(entry.Id), cancellation);
        if (failed is not null && !again) return new StartedRun(entry.Id, true);
        if (await OutcomeAsync(entry.Id) is { } outcome && !(again && outcome.Message is not null)) return new StartedRun(entry.Id, true);
        if (failed is not null) await store.DeleteAsync(FailedName(entry.Id), cancellation: cancellation);
        var created = await store.CreateAsync(EntryName(entry.Id), CommitProtocol.ToJson(entry), cancellation);
        Pulse();
        return new StartedRun(entry.Id, !created);
    }

    /// <summary>Null = nothing of that id waits or is under way.</summary>
    public async Task<QueueEntry?> FindAsync(string id, CancellationToken cancellation = default) =>
        await store.ReadAsync(EntryName(id), cancellation) is { } blob ? QueueEntry.Read(EntryName(id), blob.Content) : null;

    /// <summary>Null = it did not fail before it began.</summary>
    public async Task<FailedEntry?> FailureAsync(string id, CancellationToken cancellation = default) =>
        await store.ReadAsync(FailedName(id), cancellation) is { } blob ? CommitProtocol.FromJson<FailedEntry>(blob.Content) : null;

    /// <summary>Ids that wait or are under way, and ids that failed before there was a run to tell of it.</summary>
    public async Task<(IReadOnlyList<string> Queued, IReadOnlyList<string> Failed)> IdsAsync(CancellationToken cancellation = default)
    {
        var names = (await store.ListAsync(FolderName, cancellation)).Where(n => n.EndsWith(EntryEnd, StringComparison.Ordinal)).Select(n => n[FolderName.Length..])
            .Where(n => !n.Contains('/')).ToLookup(n => n.EndsWith(FailedEnd, StringComparison.Ordinal));
        return ([.. names[false].Select(n => n[..^EntryEnd.Length])], [.. names[true].Select(n => n[..^FailedEnd.Length])]);
    }

    /// <summary>Ended: the run's own log tells the rest.</summary>
    internal Task RemoveAsync(string id, CancellationToken cancellation = default) => store.DeleteAsync(EntryName(id), cancellation: cancellation);

    /// <summary>Ended for good without a run that could tell; the failure is written before the entry goes, so that nothing is lost in between.</summary>
    internal async Task FailAsync(QueueEntry entry, IReadOnlyList<string> problems, DateTimeOffset at, CancellationToken cancellation = default)
    {
        var content = CommitProtocol.ToJson(new FailedEntry(entry.Id, problems, entry.Origin, at));
        if (!await store.CreateAsync(FailedName(entry.Id), content, cancellation))
            await store.ReplaceAsync(FailedName(entry.Id), content, (await store.ReadAsync(FailedName(entry.Id), cancellation))?.Version, cancellation);
        await RemoveAsync(entry.Id, cancellation);
    }

    /// <summary>How the run ended; null = it has not, or never began.</summary>
    internal async Task<RunStatus?> OutcomeAsync(string id) =>
        await PinnedRun.FindAsync(store, id) is not null && await RunStatus.ReadAsync(store, id) is { Ended: true } ended ? ended : null;

    /// <summary>True for what waits for a person: a run that is paused, or whose publication nobody has decided on. Nothing is done about it until somebody does.</summary>
    internal async Task<bool> RestsAsync(string id, CancellationToken cancellation)
    {
        if (await PinnedRun.FindAsync(store, id) is null || await IsCancelledAsync(id, cancellation)) return false;
        if (await RunMarkers.IsSetAsync(store, RunMarkers.Pause(id), cancellation)) return true;
        return (await RunStatus.ReadAsync(store, id)).Stage == RunStatus.ApprovalStage && await ApprovalMarker.FindAsync(store, id, cancellation) is null;
    }

    /// <summary>True for what was cancelled before anything of it was begun.</summary>
    internal async Task<bool> IsCancelledUnbegunAsync(string id, CancellationToken cancellation) =>
        await RunMarkers.IsSetAsync(store, RunMarkers.Cancel(id), cancellation) && await PinnedRun.FindAsync(store, id) is null;

    internal Task<bool> IsCancelledAsync(string id, CancellationToken cancellation) => RunMarkers.IsSetAsync(store, RunMarkers.Cancel(id), cancellation);

    private static string EntryName(string id) => FolderName + id + EntryEnd;

    private static string FailedName(string id) => FolderName + id + FailedEnd;
}
