using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AlignGuard.Models;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using AlignGuard.Server.Hosting;
using AlignGuard.Server.Runs;
using AlignGuard.Server.Telemetry;
using Microsoft.Extensions.Logging;

namespace AlignGuard.Server.Triggers;

/// <summary>
/// Starts jobs and sweeps by the clock: every occurrence once, over restarts and replicas (its record is created once). Of the occurrences that were missed while
/// nobody ran, the latest alone is caught up; those from before the schedule was first seen never.
/// </summary>
internal sealed class Scheduler(IReadOnlyList<Schedule> schedules, IArtifactStore store, TriggerLedger ledger, LoopHealth health, ServerMetrics metrics, TimeProvider time, ILogger<Scheduler> log)
    : ScanLoop("schedules", Longest, health, time, log)
{
    // Time may be set, and a laptop may sleep: look at the clock from time to time, however far away the next occurrence is.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, DateTimeOffset> _since = new(StringComparer.Ordinal);

    private sealed record FirstSeen(DateTimeOffset At);

    protected override async Task<TimeSpan?> TurnAsync(CancellationToken stop)
    {
        foreach (var schedule in schedules)
        {
            try
            {
                await TurnAsync(schedule, stop);
            }
            catch (Exception e) when (e is not OperationCanceledException || !stop.IsCancellationRequested)
            {
                log.LogWarning("Schedule {Schedule} failed and comes again: {Problem}", schedule.Name, Redaction.Fault(e));
            }
        }
        var now = Time.GetUtcNow();
        return schedules.Select(s => s.Next(now) - now).Min();
    }

    private async Task TurnAsync(Schedule schedule, CancellationToken stop)
    {
        if (!_since.TryGetValue(schedule.Name, out var since)) since = _since[schedule.Name] = await SinceAsync(schedule, stop);
        if (schedule.Latest(since, Time.GetUtcNow()) is not { } occurrence) return;
        var stamp = occurrence.UtcDateTime.ToString("yyyyMMdd'T'HHmm'Z'", CultureInfo.InvariantCulture);
        var name = $"triggers/schedule/{schedule.Name}/{stamp}.json";
        if (await ledger.FindAsync(name, stop) is null)
        {
            var (record, first) = await ledger.TakeAsync(name, Proposal(schedule, stamp), stop);
            metrics.Triggered("schedule", !first ? "known" : record.RunId is null ? "refused" : "started");
            if (first && record.RunId is null) log.LogWarning("Schedule {Schedule} starts nothing at {Occurrence}: {Problems}", schedule.Name, stamp, string.Join(' ', record.Problems));
            else if (first) log.LogInformation("Schedule {Schedule} starts {Run}.", schedule.Name, record.RunId);
        }
        // What is done is not looked at again.
        _since[schedule.Name] = occurrence;
    }

    /// <summary>When the schedule, as it is written now, was first seen by anybody.</summary>
    private async Task<DateTimeOffset> SinceAsync(Schedule schedule, CancellationToken stop)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{schedule.CronText}\n{schedule.Zone.Id}")))[..8];
        var name = $"triggers/schedule/{schedule.Name}/since-{hash}.json";
        await store.CreateAsync(name, CommitProtocol.ToJson(new FirstSeen(Time.GetUtcNow())), stop);
        var blob = await store.ReadAsync(name, stop) ?? throw new StoreException($"{name} was written but cannot be read back from {store.Location}.");
        return CommitProtocol.FromJson<FirstSeen>(blob.Content).At;
    }

    private StartRecord Proposal(Schedule schedule, string stamp)
    {
        var (source, at) = ($"schedule:{schedule.Name}", Time.GetUtcNow());
        try
        {
            var entry = Entry(schedule, stamp, source, at);
            return new StartRecord(StartRecord.CurrentVersion, source, stamp, "", entry.Id, [], at, entry);
        }
        catch (UserFaultException e)
        {
            return new StartRecord(StartRecord.CurrentVersion, source, stamp, "", null, [.. e.Problems.Select(Redaction.Sentence)], at, null);
        }
    }

    private static QueueEntry Entry(Schedule schedule, string stamp, string source, DateTimeOffset at)
    {
        var folder = Path.GetDirectoryName(schedule.File)!;
        if (!File.Exists(schedule.File)) throw new UserFaultException($"There is no file {schedule.File} any more. Put it back, or take the schedule away.");
        if (schedule.IsSweep) return QueueEntry.Of(new Sweep($"{schedule.Name}-{stamp}", JobText.Decode(File.ReadAllBytes(schedule.File), schedule.File), folder), source, at);
        var job = JobFileReader.Read(schedule.File, []);
        var node = JobText.Node(job);
        JobText.AddToName(node, stamp);
        return QueueEntry.Of(JobText.Parse(node.ToJsonString(), schedule.File, folder), folder, source, at);
    }
}
