using AlignGuard.Domain.FineTuning;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Runner;

/// <summary>
/// Resume = the longest valid chain. Every record that the log counts on is read and its parents compared; all files of the newest segment and basis,
/// which are used next, are hashed, and of the others the small ones, which the report reads. At the first fault the log is cut there, the damaged
/// records are put aside, and the run goes on from before.
/// </summary>
internal static class Recovery
{
    // Bytes. Older adapters and optimizer states are never read again: hashing all of them on every resumption would cost what it saves.
    private const long SmallFile = 1 << 20;

    public static async Task<IReadOnlyList<Event>> IntactAsync(RunContext run, RunLog log, IReadOnlyList<Event> events)
    {
        var state = FineTuningDecider.Initial;
        var hashes = new Dictionary<string, string>(StringComparer.Ordinal);
        var lastOf = LastFolders(events, run);
        for (var n = 0; n < events.Count; n++)
        {
            if (events[n] is Event.Completed completed && Answered(state, completed) is { } command && Folder(run, command.Work) is { } folder)
            {
                try
                {
                    await CheckAsync(run, folder, hashes, lastOf.Contains(folder));
                }
                catch (DamagedArtifactException damage)
                {
                    return await CutAsync(run, log, events, n, damage.Message);
                }
            }
            state = FineTuningDecider.Decide(state, events[n]).Item1;
        }
        return events;
    }

    private static Command? Answered(State state, Event.Completed completed) =>
        FineTuningDecider.Outstanding(state).FirstOrDefault(c => c.Id == completed.CommandId && c.Attempt == completed.Attempt);

    private static async Task CheckAsync(RunContext run, string folder, Dictionary<string, string> hashes, bool withFiles)
    {
        var record = await run.RequireAsync(folder);
        if (record.Commit.SpecHash != run.SpecHash && !folder.StartsWith("baselines/", StringComparison.Ordinal))
            throw new DamagedArtifactException($"{folder} was made for another job ({record.Commit.SpecHash[..12]}, this one is {run.SpecHash[..12]}).");
        // The reference run's record is another chain's.
        foreach (var (role, hash) in record.Commit.Parents.Where(p => p.Key != "reference"))
            if (!hashes.ContainsValue(hash))
                throw new DamagedArtifactException($"{folder} was made from a {role} ({hash[..12]}) that is not in this run's chain.");
        await run.Protocol.VerifyAsync(record, withFiles ? long.MaxValue : SmallFile);
        hashes[folder] = record.Hash;
    }

    /// <summary>The newest segment, basis and Fisher, and all results after training: what the next commands read.</summary>
    private static HashSet<string> LastFolders(IReadOnlyList<Event> events, RunContext run)
    {
        var state = FineTuningDecider.Fold(events);
        var folders = new HashSet<string>(StringComparer.Ordinal) { Folders.Baseline(run), Folders.FinalDrift(run), Folders.Gate(run), Folders.Publish(run), Folders.Fisher(run, 0) };
        if (state.Segments.Length > 0) folders.Add(Folders.Segment(run, state.Segments[^1].Index));
        if (state.Fishers > 0) folders.Add(Folders.Fisher(run, state.Fishers - 1));
        if (state.Bases > 0) folders.Add(Folders.Basis(run, state.Bases - 1));
        return folders;
    }

    private static async Task<IReadOnlyList<Event>> CutAsync(RunContext run, RunLog log, IReadOnlyList<Event> events, int at, string reason)
    {
        // Records past the cut were made from what is damaged, or may be: put aside, so that the commands are done again.
        var state = FineTuningDecider.Fold(events.Take(at));
        var kept = new HashSet<string>(StringComparer.Ordinal);
        var replay = FineTuningDecider.Initial;
        foreach (var e in events.Take(at))
        {
            if (e is Event.Completed done && Answered(replay, done) is { } command && Folder(run, command.Work) is { } folder) kept.Add(folder);
            replay = FineTuningDecider.Decide(replay, e).Item1;
        }
        var damaged = at < events.Count && events[at] is Event.Completed c && Answered(state, c) is { } failed ? Folder(run, failed.Work) : null;
        var names = (await run.Store.ListAsync($"{run.Folder}/")).Concat(damaged is null ? [] : await run.Store.ListAsync($"{damaged}/")).Distinct();
        foreach (var name in names.Where(n => n.EndsWith("/" + CommitProtocol.RecordName, StringComparison.Ordinal)))
        {
            var folder = name[..^(CommitProtocol.RecordName.Length + 1)];
            if (kept.Contains(folder)) continue;
            if (await run.Store.ReadAsync(name) is { } record)
                await run.Store.CreateAsync($"{folder}/damaged-{Hashing.Sha256(record.Content)[..12]}.json", record.Content);
            await run.Store.DeleteAsync(name);
        }
        await log.CutAsync(at);
        run.Observer.Says($"{reason} The run falls back to step {state.Step} and goes on from there.");
        return [.. events.Take(at)];
    }

    private static string? Folder(RunContext run, Work work) => work switch
    {
        Work.Fisher f => Folders.Fisher(run, f.Refresh),
        Work.Decompose d => Folders.Basis(run, d.Refresh),
        Work.Segment s => Folders.Segment(run, s.Index),
        Work.DriftCheck d => d.Size.IsFinal ? Folders.FinalDrift(run) : Folders.Drift(run, d.Segment),
        { IsBaseline: true } => Folders.Baseline(run),
        { IsGate: true } => Folders.Gate(run),
        { IsPublish: true } => Folders.Publish(run),
        _ => null,
    };
}
