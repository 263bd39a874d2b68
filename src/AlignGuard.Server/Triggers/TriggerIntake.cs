using AlignGuard.Models;
using AlignGuard.Pipeline.Store;
using AlignGuard.Server.Runs;
using AlignGuard.Server.Telemetry;
using Microsoft.Extensions.Logging;

namespace AlignGuard.Server.Triggers;

/// <summary>What came of looking at a manifest.</summary>
public enum TriggerResult
{
    /// <summary>A run was started, now.</summary>
    Started,

    /// <summary>This version of the manifest was looked at before.</summary>
    Known,

    /// <summary>It is wrong; why is recorded.</summary>
    Refused,

    /// <summary>There is no such blob any more.</summary>
    Gone,
}

/// <summary>
/// The one way from a manifest to a run, for events and scans alike. What an event says about the blob's version is not believed: the blob as it is now is read, and
/// its version is the one that counts.
/// </summary>
internal sealed class TriggerIntake(TriggerLedger ledger, ManifestReader manifests, ServerMetrics metrics, TimeProvider time, ILogger<TriggerIntake> log)
{
    private const int SuffixDigits = 8;

    /// <param name="blob">Name of a manifest.</param>
    /// <param name="via">What told of it, for the metrics: <c>scan</c> or <c>queue</c>.</param>
    /// <exception cref="StoreException">Container or store cannot be reached: nothing was decided.</exception>
    public async Task<TriggerResult> TakeAsync(WatchedSource source, string blob, string via, CancellationToken cancellation)
    {
        var result = await LookAsync(source, blob, cancellation);
        metrics.Triggered(via, result.ToString().ToLowerInvariant());
        return result;
    }

    private async Task<TriggerResult> LookAsync(WatchedSource source, string blob, CancellationToken cancellation)
    {
        StoredBlob? manifest;
        try
        {
            if (source.LinkProblem(blob) is { } link) throw new UserFaultException($"{source.Id}: {link}");
            if (source.Length(blob) > ReadyManifest.MaxBytes) throw ReadyManifest.TooLarge(source.Reference(blob));
            manifest = await source.Store.ReadAsync(blob, cancellation);
        }
        catch (UserFaultException e)
        {
            // It cannot be read, so it has no version; it is refused once, by its name.
            return await RefuseAsync(source, blob, "", e, cancellation);
        }
        if (manifest is null) return TriggerResult.Gone;
        var key = TriggerLedger.Key(source, blob, manifest.Version);
        if (await ledger.FindAsync(TriggerLedger.NameOf(key), cancellation) is not null) return TriggerResult.Known;
        try
        {
            var job = await manifests.ReadAsync(source, blob, manifest.Content, key[..SuffixDigits], cancellation);
            var entry = QueueEntry.Of(job, null, source.Reference(blob), time.GetUtcNow());
            var (record, first) = await ledger.TakeAsync(TriggerLedger.NameOf(key), new StartRecord(StartRecord.CurrentVersion, source.Id, blob, manifest.Version, job.RunId, [], entry.At, entry), cancellation);
            if (!first) return TriggerResult.Known;
            log.LogInformation("{Manifest} starts run {Run}.", source.Reference(blob), record.RunId);
            return TriggerResult.Started;
        }
        catch (UserFaultException e)
        {
            return await RefuseAsync(source, blob, manifest.Version, e, cancellation);
        }
    }

    private async Task<TriggerResult> RefuseAsync(WatchedSource source, string blob, string version, UserFaultException fault, CancellationToken cancellation)
    {
        var problems = fault.Problems.Select(Redaction.Sentence).ToList();
        var name = TriggerLedger.NameOf(TriggerLedger.Key(source, blob, version));
        if (await ledger.FindAsync(name, cancellation) is not null) return TriggerResult.Known;
        var (_, first) = await ledger.TakeAsync(name, new StartRecord(StartRecord.CurrentVersion, source.Id, blob, version, null, problems, time.GetUtcNow(), null), cancellation);
        if (!first) return TriggerResult.Known;
        log.LogWarning("{Container} holds a manifest that starts nothing: {Problems}", source.Id, string.Join(' ', problems));
        return TriggerResult.Refused;
    }
}
