using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using AlignGuard.Pipeline.Store;
using AlignGuard.Server.Runs;

namespace AlignGuard.Server.Triggers;

/// <summary>What came of one event: the run it started, or why it started none. Written once; every later delivery of the event is answered from it.</summary>
/// <param name="Source">Container or schedule.</param>
/// <param name="Subject">Blob, or time of the occurrence.</param>
/// <param name="RunId">Null where the event was refused.</param>
/// <param name="Problems">Why it was refused; empty otherwise.</param>
/// <param name="Pending">What still has to be put into the queue; null once it was. So a process that dies in between loses nothing.</param>
public sealed record StartRecord(int Version, string Source, string Subject, string ETag, string? RunId, IReadOnlyList<string> Problems, DateTimeOffset At, QueueEntry? Pending)
{
    public const int CurrentVersion = 1;
}

/// <summary>
/// Exactly one start per event, however often, in whatever order and by however many processes it is delivered: the record is created once, and only what the
/// created record holds is ever started.
/// </summary>
public sealed class TriggerLedger(IArtifactStore store, RunQueue queue)
{
    // Records never change once nothing is pending, and a scan asks for all of them every time.
    private readonly ConcurrentDictionary<string, StartRecord> _settled = new(StringComparer.Ordinal);

    /// <summary>Of one version of one blob.</summary>
    public static string Key(string container, string blob, string etag) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{container}\n{blob}\n{etag}")))[..32];

    internal static string Key(WatchedSource source, string name, string etag)
    {
        var (container, blob) = source.Identity(name);
        return Key(container, blob, etag);
    }

    public static string NameOf(string key) => $"triggers/{key}.json";

    /// <summary>What came of the event before; null = it is new. What is pending is started now.</summary>
    public async Task<StartRecord?> FindAsync(string name, CancellationToken cancellation = default)
    {
        if (_settled.TryGetValue(name, out var settled)) return settled;
        return await store.ReadAsync(name, cancellation) is { } blob ? await SettleAsync(name, blob, cancellation) : null;
    }

    /// <summary>Records what shall come of a new event and starts it; or returns what came of it, where another delivery was first.</summary>
    public async Task<(StartRecord Record, bool First)> TakeAsync(string name, StartRecord proposal, CancellationToken cancellation = default)
    {
        var first = await store.CreateAsync(name, CommitProtocol.ToJson(proposal), cancellation);
        var blob = await store.ReadAsync(name, cancellation) ?? throw new StoreException($"{name} was written but cannot be read back from {store.Location}.");
        return (await SettleAsync(name, blob, cancellation), first);
    }

    private async Task<StartRecord> SettleAsync(string name, StoredBlob blob, CancellationToken cancellation)
    {
        var record = CommitProtocol.FromJson<StartRecord>(blob.Content);
        if (record.Version > StartRecord.CurrentVersion) throw new StoreException($"{name} has version {record.Version}; this program reads up to {StartRecord.CurrentVersion}. Use the newer program that wrote it.");
        if (record.Pending is { } pending)
        {
            await queue.AddAsync(pending, again: false, cancellation);
            record = record with { Pending = null };
            // Who loses this race was overtaken by somebody who did the same.
            await store.ReplaceAsync(name, CommitProtocol.ToJson(record), blob.Version, cancellation);
        }
        return _settled[name] = record;
    }
}
