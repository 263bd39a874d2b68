using AlignGuard.Models;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Server.Runs;

/// <summary>The files of one run: below its own folder and where its adapter is published. Nothing else is ever listed or served.</summary>
internal sealed class RunFiles(IArtifactStore store)
{
    /// <summary>Ordinal order; with length and hash where a commit names the file.</summary>
    public async Task<IReadOnlyList<RunFile>> ListAsync(string runId, CancellationToken cancellation)
    {
        var names = new List<string>();
        foreach (var folder in Folders(runId)) names.AddRange(await store.ListAsync(folder, cancellation));
        var committed = new Dictionary<string, CommittedFile>(StringComparer.Ordinal);
        var protocol = new CommitProtocol(store);
        foreach (var record in names.Where(n => n.EndsWith("/" + CommitProtocol.RecordName, StringComparison.Ordinal)))
            foreach (var file in await FilesOfAsync(protocol, record[..^(CommitProtocol.RecordName.Length + 1)], cancellation)) committed[file.Name] = file;
        return [.. names.Order(StringComparer.Ordinal).Select(n => committed.TryGetValue(n, out var file) ? new RunFile(n, file.Length, file.Sha256) : new RunFile(n, null, null))];
    }

    /// <exception cref="UserFaultException">Not a name in a store.</exception>
    /// <exception cref="NotFoundException">No file of this run.</exception>
    public async Task<StoredBlob> ReadAsync(string runId, string name, CancellationToken cancellation)
    {
        BlobName.Check(name);
        if (!Folders(runId).Any(folder => name.StartsWith(folder, StringComparison.Ordinal)) || await store.ReadAsync(name, cancellation) is not { } blob)
            throw new NotFoundException($"Run {runId} has no file of that name. GET /runs/{runId}/files lists those it has.");
        return blob;
    }

    private static IEnumerable<string> Folders(string runId) => RunId.PublishedFolder(runId) is { } published ? [RunId.Folder(runId), published] : [RunId.Folder(runId)];

    private static async Task<IReadOnlyList<CommittedFile>> FilesOfAsync(CommitProtocol protocol, string folder, CancellationToken cancellation)
    {
        try
        {
            return (await protocol.FindAsync(folder, cancellation))?.Commit.Files ?? [];
        }
        catch (DamagedArtifactException)
        {
            // The files are there all the same; only nothing is known of them.
            return [];
        }
    }
}
