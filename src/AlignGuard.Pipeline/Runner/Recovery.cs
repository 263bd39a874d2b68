using AlignGuard.Domain.FineTuning;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Runner;

/// <summary>
/// Resume = the longest valid chain. Every record that the log counts on is read and its parents compared; all files of the newest segment and basis, which are used next, are
/// hashed. Of a finished run, and after damage was met, the small files of the others are hashed too: the report reads them. At the first fault the log is cut there, the
/// records past it are put aside, and the run goes on from before.
/// </summary>
internal static class Recovery
{
    // Bytes. Older adapters and optimizer states are never read again: hashing all of them on every resumption would cost what it saves.
    private const long SmallFile = 1 << 20;

    // On blob storage the time of a read is the way there and back.
    private const int ReadsAtOnce = 16;

    /// <param name="deep">Hash the small files of every record even if the run goes on.</param>
    public static async Task<IReadOnlyList<Event>> IntactAsync(RunRecords records, RunLog log, IRunObserver observer, IReadOnlyList<Event> events, bool deep)
    {
        var state = FineTuningDecider.Fold(events);
        var folders = Folders(records, events);
        var found = await ReadAsync(records, [.. folders.OfType<string>().Distinct()]);
        var heads = Heads(records, state);
        var everywhere = deep || FineTuningDecider.IsTerminal(state);
        var hashes = new HashSet<string>(StringComparer.Ordinal);
        for (var n = 0; n < events.Count; n++)
        {
            if (folders[n] is not { } folder) continue;
            try
            {
                var record = await found[folder];
                RefuseForeign(records, record, hashes);
                RefuseOther(events[n], record);
                if (heads.Contains(folder)) await records.Protocol.VerifyAsync(record, long.MaxValue);
                else if (everywhere) await records.Protocol.VerifyAsync(record, SmallFile);
                if (folder == records.Publish) await Publication.VerifyAsync(records.Protocol, record);
                hashes.Add(record.Hash);
            }
            catch (DamagedArtifactException damage)
            {
                return await CutAsync(records, log, observer, events, folders, n, damage.Message);
            }
        }
        return events;
    }

    /// <summary>The folder that each event counts on; null where it counts on none.</summary>
    internal static string?[] Folders(RunRecords records, IReadOnlyList<Event> events)
    {
        var folders = new string?[events.Count];
        var state = FineTuningDecider.Initial;
        for (var n = 0; n < events.Count; n++)
        {
            if (events[n] is Event.Completed completed && FineTuningDecider.Outstanding(state).FirstOrDefault(c => c.Id == completed.CommandId && c.Attempt == completed.Attempt) is { } command)
                folders[n] = records.FolderOf(command.Work);
            state = FineTuningDecider.Decide(state, events[n]).Item1;
        }
        return folders;
    }

    /// <summary>Several at a time; each may still turn out damaged when it is awaited.</summary>
    private static async Task<Dictionary<string, Task<CommitReference>>> ReadAsync(RunRecords records, string[] folders)
    {
        var found = new Dictionary<string, Task<CommitReference>>(StringComparer.Ordinal);
        foreach (var some in folders.Chunk(ReadsAtOnce))
        {
            foreach (var folder in some) found.Add(folder, records.RequireAsync(folder));
            await Task.WhenAny(Task.WhenAll(some.Select(folder => found[folder])));
        }
        return found;
    }

    private static void RefuseForeign(RunRecords records, CommitReference record, HashSet<string> hashes)
    {
        // What runs share by content carries the job of whichever run was first.
        if (record.Commit.SpecHash != records.SpecHash && record.Folder.StartsWith(records.Folder + "/", StringComparison.Ordinal))
            throw new DamagedArtifactException($"{record.Folder} was made for another job ({record.Commit.SpecHash[..12]}, this one is {records.SpecHash[..12]}).");
        // The reference run's record is another chain's.
        foreach (var (role, hash) in record.Commit.Parents.Where(p => p.Key != "reference"))
            if (!hashes.Contains(hash))
                throw new DamagedArtifactException($"{record.Folder} was made from a {role} ({hash[..12]}) that is not in this run's chain.");
    }

    /// <summary>A record that was made again since the event (by a process that nobody counted on any more) is another one, whatever its parents.</summary>
    private static void RefuseOther(Event happened, CommitReference record)
    {
        var named = happened is Event.Completed completed ? completed.Result switch
        {
            CommandResult.SegmentDone s => s.Artifact,
            CommandResult.DriftDone d => d.Summary.Artifact,
            _ => null,
        } : null;
        if (named is not null && named != RunRecords.Reference(record))
            throw new DamagedArtifactException($"{record.Folder} is not the record that the log names ({named[(named.IndexOf('@') + 1)..][..12]}, found {record.Hash[..12]}).");
    }

    /// <summary>The newest segment, basis and Fisher, and all results after training: what the next commands read.</summary>
    private static HashSet<string> Heads(RunRecords records, State state)
    {
        var folders = new HashSet<string>(StringComparer.Ordinal) { records.Baseline, records.FinalDrift, records.Gate, records.Publish, records.Fisher(0) };
        if (state.Segments.Length > 0) folders.Add(records.Segment(state.Segments[^1].Index));
        if (state.Fishers > 0) folders.Add(records.Fisher(state.Fishers - 1));
        if (state.Bases > 0) folders.Add(records.Basis(state.Bases - 1));
        return folders;
    }

    /// <summary>
    /// Records past the cut were made from what is damaged, or may be. The log goes first, and only if nobody wrote to it in between; then the records that were seen before that: what another
    /// process commits from now on stays.
    /// </summary>
    private static async Task<IReadOnlyList<Event>> CutAsync(RunRecords records, RunLog log, IRunObserver observer, IReadOnlyList<Event> events, string?[] folders, int at, string reason)
    {
        var kept = folders.Take(at).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var doomed = new List<(string Folder, StoredBlob Record)>();
        foreach (var name in (await records.Store.ListAsync($"{records.Folder}/")).Append($"{folders[at]}/{CommitProtocol.RecordName}").Distinct())
        {
            if (!name.EndsWith("/" + CommitProtocol.RecordName, StringComparison.Ordinal)) continue;
            var folder = name[..^(CommitProtocol.RecordName.Length + 1)];
            if (!kept.Contains(folder) && await records.Store.ReadAsync(name) is { } record) doomed.Add((folder, record));
        }
        await log.CutAsync(at);
        InjectionPoints.Reached("log-cut");
        foreach (var (folder, record) in doomed) await records.Protocol.PutAsideAsync(folder, record);
        var left = events.Take(at).ToList();
        observer.Says($"{reason} The run falls back to step {FineTuningDecider.Fold(left).Step} and goes on from there.");
        return left;
    }
}
