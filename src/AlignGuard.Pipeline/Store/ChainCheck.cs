using AlignGuard.Models;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Runner;

namespace AlignGuard.Pipeline.Store;

/// <summary>What was found in a run's records.</summary>
/// <param name="Records">Commit records read.</param>
/// <param name="Files">Files hashed.</param>
/// <param name="Bytes">Of those files.</param>
/// <param name="Problems">One sentence each, with its place.</param>
/// <param name="Strays">Files that the run does not count on: attempts that lost, never ended, or were overtaken when the run fell back.</param>
public sealed record ChainReport(int Records, int Files, long Bytes, IReadOnlyList<string> Problems, IReadOnlyList<string> Strays);

/// <summary>
/// Reads every commit record of a run, hashes every file it names, and follows every parent: nothing is taken for granted, nothing is changed.
/// A resumption checks less, since older adapters are never read again.
/// </summary>
public static class ChainCheck
{
    /// <exception cref="UserFaultException">There is no such run.</exception>
    public static async Task<ChainReport> RunAsync(IArtifactStore store, string runId, CancellationToken cancellation = default)
    {
        var protocol = new CommitProtocol(store);
        var names = await store.ListAsync($"runs/{runId}/", cancellation);
        if (names.Count == 0) throw new UserFaultException([$"There is no run '{runId}' in {store.Location}."]);
        var problems = new List<string>();
        var counted = await CountedAsync(protocol, runId);
        // A record that the log does not count on is an overtaken attempt's, or comes next: what it says is nobody's business yet.
        var records = await ReadAsync([.. names.Where(n => counted.Contains(FolderOf(n)))], protocol, problems, cancellation);
        problems.AddRange(counted.Where(f => f.StartsWith($"runs/{runId}/", StringComparison.Ordinal) && !names.Contains($"{f}/{CommitProtocol.RecordName}"))
            .Select(f => $"{f}/{CommitProtocol.RecordName} is missing from {store.Location}."));
        // What runs share lies outside the run's folder; so does the run that a gate compares with, and only it makes other runs worth reading.
        IReadOnlyList<string> shared = [.. await store.ListAsync("baselines/", cancellation), .. await store.ListAsync("fishers/", cancellation)];
        var known = records.Concat(await ReadAsync(shared, protocol, [], cancellation)).Select(r => r.Hash).ToHashSet(StringComparer.Ordinal);
        if (!records.SelectMany(r => r.Commit.Parents.Values).All(known.Contains))
            known.UnionWith((await ReadAsync([.. (await store.ListAsync("runs/", cancellation)).Except(names)], protocol, [], cancellation)).Select(r => r.Hash));

        var (files, bytes) = (0, 0L);
        foreach (var record in records)
        {
            foreach (var (role, hash) in record.Commit.Parents.Where(p => !known.Contains(p.Value)))
                problems.Add($"{record.Folder}/{CommitProtocol.RecordName}: its {role} ({hash[..12]}) is in no record of this store: it was altered, replaced or removed.");
            foreach (var file in record.Commit.Files)
            {
                cancellation.ThrowIfCancellationRequested();
                try
                {
                    await protocol.ReadAsync(file, cancellation);
                    (files, bytes) = (files + 1, bytes + file.Length);
                }
                catch (DamagedArtifactException e)
                {
                    problems.Add(e.Message);
                }
            }
        }
        var named = records.SelectMany(r => r.Commit.Files).Select(f => f.Name).ToHashSet(StringComparer.Ordinal);
        // An attempt's files lie one folder below a record's; logs, reports and what was put aside lie elsewhere.
        var strays = names.Where(n => n.EndsWith("/" + CommitProtocol.RecordName, StringComparison.Ordinal) ? !counted.Contains(FolderOf(n)) : n.Split('/').Length >= 5 && !named.Contains(n) && !n.Contains("/damaged-", StringComparison.Ordinal))
            .OrderByDescending(n => n.EndsWith("/" + CommitProtocol.RecordName, StringComparison.Ordinal)).ToList();
        return new ChainReport(records.Count, files, bytes, problems, strays);
    }

    private static string FolderOf(string record) => record[..Math.Max(0, record.LastIndexOf('/'))];

    /// <summary>Folders of the results that the run's log counts on.</summary>
    private static async Task<HashSet<string>> CountedAsync(CommitProtocol protocol, string runId)
    {
        var records = new RunRecords(runId, "", "baselines/", "fishers/", null, protocol);
        return [.. Recovery.Folders(records, await new RunLog(protocol.Store, records.Folder).ReadAsync(repair: false)).OfType<string>()];
    }

    private static async Task<List<CommitReference>> ReadAsync(IReadOnlyList<string> names, CommitProtocol protocol, List<string> problems, CancellationToken cancellation)
    {
        var records = new List<CommitReference>();
        foreach (var name in names.Where(n => n.EndsWith("/" + CommitProtocol.RecordName, StringComparison.Ordinal)))
        {
            try
            {
                if (await protocol.FindAsync(name[..^(CommitProtocol.RecordName.Length + 1)], cancellation) is { } record) records.Add(record);
            }
            catch (Exception e) when (e is DamagedArtifactException or StoreException)
            {
                problems.Add(e.Message);
            }
        }
        return records;
    }
}
