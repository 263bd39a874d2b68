using System.Text.Json;

namespace AlignGuard.Pipeline.Store;

/// <summary>
/// Files first, each under its attempt's own prefix; <c>commit.json</c> last, create-if-absent. Losing that race means somebody else finished the
/// same command: their record is read and returned, so every delivery of a command has one result.
/// </summary>
public sealed class CommitProtocol(IArtifactStore store)
{
    public const string RecordName = "commit.json";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public IArtifactStore Store => store;

    /// <summary>The committed result of a folder's command, or null.</summary>
    /// <exception cref="StoreException">The record is unreadable or of a newer version.</exception>
    public async Task<CommitReference?> FindAsync(string folder, CancellationToken cancellation = default)
    {
        var blob = await store.ReadAsync($"{folder}/{RecordName}", cancellation);
        if (blob is null) return null;
        Commit? commit;
        try
        {
            commit = JsonSerializer.Deserialize<Commit>(blob.Content, Json);
        }
        catch (JsonException e)
        {
            throw new DamagedArtifactException($"{folder}/{RecordName} is damaged ({e.Message}).");
        }
        if (commit!.Version > Commit.CurrentVersion)
            throw new StoreException($"{folder}/{RecordName} has version {commit.Version}; this program reads up to {Commit.CurrentVersion}. Use the newer program that wrote it.");
        return new CommitReference(folder, Hashing.Sha256(blob.Content), commit);
    }

    /// <summary>Uploads the files and commits them, or returns the result that was committed first.</summary>
    public async Task<CommitReference> CommitAsync(string folder, string command, string specHash, IReadOnlyDictionary<string, CommitReference> parents,
        IReadOnlyDictionary<string, byte[]> files, object result, CancellationToken cancellation = default)
    {
        var attempt = Guid.NewGuid().ToString("N")[..12];
        var committed = new List<CommittedFile>();
        foreach (var (name, content) in files.OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            var full = $"{folder}/{attempt}/{name}";
            await store.CreateAsync(full, content, cancellation);
            InjectionPoints.Reached("file-written");
            committed.Add(new CommittedFile(full, Hashing.Sha256(content), content.Length));
        }
        var commit = new Commit
        {
            Command = command,
            Attempt = attempt,
            SpecHash = specHash,
            Parents = new(parents.ToDictionary(p => p.Key, p => p.Value.Hash), StringComparer.Ordinal),
            Files = committed,
            Result = JsonSerializer.SerializeToElement(result, Json),
            Software = new(SoftwareVersions.All, StringComparer.Ordinal),
        };
        InjectionPoints.Reached("before-commit");
        await store.CreateAsync($"{folder}/{RecordName}", JsonSerializer.SerializeToUtf8Bytes(commit, Json), cancellation);
        InjectionPoints.Reached("after-commit");
        var winner = await FindAsync(folder, cancellation) ?? throw new StoreException($"{folder}/{RecordName} was written but cannot be read back from {store.Location}.");
        // The record says who won, not the answer to the write: a write that succeeded, whose answer was lost and that was retried, is told that it came second.
        if (winner.Commit.Attempt != attempt)
            foreach (var file in committed) await store.DeleteAsync(file.Name, cancellation);
        return winner;
    }

    /// <summary>A file's content, checked against its record.</summary>
    /// <exception cref="DamagedArtifactException">It is missing, truncated or altered.</exception>
    public async Task<byte[]> ReadAsync(CommittedFile file, CancellationToken cancellation = default)
    {
        var blob = await store.ReadAsync(file.Name, cancellation) ?? throw new DamagedArtifactException($"{file.Name} is missing from {store.Location}.");
        if (blob.Content.Length != file.Length)
            throw new DamagedArtifactException($"{file.Name} has {blob.Content.Length} bytes, its record says {file.Length}: it is truncated.");
        if (Hashing.Sha256(blob.Content) != file.Sha256)
            throw new DamagedArtifactException($"{file.Name} does not have the sha-256 of its record: it was altered.");
        return blob.Content;
    }

    public async Task<T> ReadJsonAsync<T>(CommitReference reference, string fileName, CancellationToken cancellation = default) =>
        JsonSerializer.Deserialize<T>(await ReadAsync(reference.File(fileName), cancellation), Json)!;

    public static T Result<T>(CommitReference reference) => reference.Commit.Result.Deserialize<T>(Json)!;

    /// <summary>Every file of a record up to a size (bytes), checked.</summary>
    public async Task VerifyAsync(CommitReference reference, long largest, CancellationToken cancellation = default)
    {
        foreach (var file in reference.Commit.Files.Where(f => f.Length <= largest)) await ReadAsync(file, cancellation);
    }

    public static T FromJson<T>(byte[] content) => JsonSerializer.Deserialize<T>(content, Json)!;

    public static byte[] ToJson(object value) => JsonSerializer.SerializeToUtf8Bytes(value, Json);
}

/// <summary>A committed artifact is not what its record says. The run falls back to the part of its history that is intact.</summary>
public sealed class DamagedArtifactException(string message) : Exception(message);
