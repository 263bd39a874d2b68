using AlignGuard.Models;

namespace AlignGuard.Pipeline.Store;

/// <summary>What was found in a run's records.</summary>
/// <param name="Records">Commit records read.</param>
/// <param name="Files">Files hashed.</param>
/// <param name="Bytes">Of those files.</param>
/// <param name="Problems">One sentence each, with its place.</param>
/// <param name="Strays">Files that no record names: attempts that lost or never ended.</param>
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
        var records = await ReadAsync(names, protocol, problems, cancellation);
        // What runs share lies outside the run's folder; so does the run that a gate compares with, and only it makes other runs worth reading.
        var known = records.Concat(await ReadAsync(await store.ListAsync("baselines/", cancellation), protocol, [], cancellation)).Select(r => r.Hash).ToHashSet(StringComparer.Ordinal);
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
        var strays = names.Where(n => n.Split('/').Length >= 5 && !named.Contains(n) && !n.EndsWith("/" + CommitProtocol.RecordName, StringComparison.Ordinal) && !n.Contains("/damaged-", StringComparison.Ordinal)).ToList();
        return new ChainReport(records.Count, files, bytes, problems, strays);
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
