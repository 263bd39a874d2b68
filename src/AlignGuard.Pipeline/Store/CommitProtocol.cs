using System.Text.Json;
using System.Text.Json.Serialization;

namespace AlignGuard.Pipeline.Store;

/// <summary>
/// Files first, below their attempt's own prefix; <c>commit.json</c> last, create-if-absent. Losing that race means somebody else finished the
/// same command: their record is read and returned, so every delivery of a command has one result.
/// </summary>
/// <remarks>
/// An attempt is named by its content: what is computed again to the bit is the same attempt and gives the same record, so that a record that was lost and made again
/// leaves everything made from it valid.
/// </remarks>
public sealed class CommitProtocol(IArtifactStore store)
{
    public const string RecordName = "commit.json";

    // How often a record of other parents is put aside before giving up: each time somebody must have written one in between.
    private const int Tries = 5;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        // A diverged figure must still be written down.
        NumberHandling = JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public IArtifactStore Store => store;

    /// <summary>The committed result of a folder's command, or null.</summary>
    /// <exception cref="DamagedArtifactException">The record is unreadable.</exception>
    /// <exception cref="StoreException">It is of a newer version.</exception>
    public async Task<CommitReference?> FindAsync(string folder, CancellationToken cancellation = default) =>
        await store.ReadAsync($"{folder}/{RecordName}", cancellation) is { } blob ? Parse(folder, blob) : null;

    /// <summary>The result that was made from these parents, or null. A record that is unreadable or was made from others (which have been made again since) is put aside.</summary>
    public async Task<CommitReference?> FindAsync(string folder, IReadOnlyDictionary<string, CommitReference> parents, CancellationToken cancellation = default)
    {
        for (var tries = 0; ; tries++)
        {
            if (await store.ReadAsync($"{folder}/{RecordName}", cancellation) is not { } blob) return null;
            try
            {
                var found = Parse(folder, blob);
                if (found.Commit.Parents.SequenceEqual(Hashes(parents))) return found;
            }
            catch (DamagedArtifactException) when (tries == 0)
            {
                // A body may be cut short on its way; what is stored may be whole.
                continue;
            }
            catch (DamagedArtifactException)
            {
                // As good as none.
            }
            await PutAsideAsync(folder, blob, cancellation);
            return null;
        }
    }

    /// <summary>As <see cref="FindAsync(string, IReadOnlyDictionary{string, CommitReference}, CancellationToken)"/>, with every file hashed: a result that is damaged is as good as none.</summary>
    public async Task<CommitReference?> FindIntactAsync(string folder, IReadOnlyDictionary<string, CommitReference> parents, CancellationToken cancellation = default)
    {
        for (var tries = 0; ; tries++)
        {
            if (await FindAsync(folder, parents, cancellation) is not { } found) return null;
            try
            {
                await VerifyAsync(found, long.MaxValue, cancellation);
                return found;
            }
            catch (DamagedArtifactException) when (tries == 0)
            {
                // Perhaps on its way only.
            }
            catch (DamagedArtifactException)
            {
                if (await store.ReadAsync($"{folder}/{RecordName}", cancellation) is { } record) await PutAsideAsync(folder, record, cancellation);
                return null;
            }
        }
    }

    private static CommitReference Parse(string folder, StoredBlob blob)
    {
        Commit? commit;
        try
        {
            commit = JsonSerializer.Deserialize<Commit>(blob.Content, Json);
        }
        catch (JsonException e)
        {
            throw new DamagedArtifactException($"{folder}/{RecordName} is damaged ({e.Message}).");
        }
        if (commit is null) throw new DamagedArtifactException($"{folder}/{RecordName} is empty.");
        if (commit.Version > Commit.CurrentVersion)
            throw new ForeignArtifactException($"{folder}/{RecordName} has version {commit.Version}; this program reads up to {Commit.CurrentVersion}. Use the newer program that wrote it.");
        return new CommitReference(folder, Hashing.Sha256(blob.Content), commit);
    }

    /// <summary>Uploads the files and commits them, or returns the result that was committed first.</summary>
    public async Task<CommitReference> CommitAsync(string folder, string command, string specHash, IReadOnlyDictionary<string, CommitReference> parents,
        IReadOnlyDictionary<string, byte[]> files, object result, CancellationToken cancellation = default)
    {
        var commit = Record(folder, command, specHash, parents, files, result);
        foreach (var file in commit.Files)
        {
            await PutAsync(file, files[Path.GetFileName(file.Name)], cancellation);
            InjectionPoints.Reached("file-written");
        }
        var content = JsonSerializer.SerializeToUtf8Bytes(commit, Json);
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            InjectionPoints.Reached("before-commit");
            await store.CreateAsync($"{folder}/{RecordName}", content, cancellation);
            InjectionPoints.Reached("after-commit");
            // The record says who won, not the answer to the write: a write that succeeded, whose answer was lost and that was retried, is told that it came second.
            if (await FindAsync(folder, parents, cancellation) is not { } winner) continue;
            if (winner.Commit.Attempt == commit.Attempt) return winner;
            if (await FindIntactAsync(folder, parents, cancellation) is not { } other) continue;
            if (other.Commit.Attempt != commit.Attempt)
                foreach (var file in commit.Files) await store.DeleteAsync(file.Name, cancellation: cancellation);
            return other;
        }
        throw new StoreException($"{folder}/{RecordName} was written {Tries} times and cannot be read back from {store.Location}.") { Transient = true };
    }

    private static Commit Record(string folder, string command, string specHash, IReadOnlyDictionary<string, CommitReference> parents, IReadOnlyDictionary<string, byte[]> files, object result)
    {
        var bare = new Commit
        {
            Command = command,
            Attempt = "",
            SpecHash = specHash,
            Parents = Hashes(parents),
            Files = [.. files.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => new CommittedFile(f.Key, Hashing.Sha256(f.Value), f.Value.Length))],
            Result = JsonSerializer.SerializeToElement(result, Json),
            Software = new(SoftwareVersions.All, StringComparer.Ordinal),
        };
        var attempt = Hashing.Sha256(JsonSerializer.SerializeToUtf8Bytes(bare, Json))[..16];
        return bare with { Attempt = attempt, Files = [.. bare.Files.Select(f => f with { Name = $"{folder}/{attempt}/{f.Name}" })] };
    }

    /// <summary>What is there already was written by the same attempt before; unless it was damaged since, it is the same.</summary>
    private async Task PutAsync(CommittedFile file, byte[] content, CancellationToken cancellation)
    {
        if (await store.CreateAsync(file.Name, content, cancellation)) return;
        if (await store.ReadAsync(file.Name, cancellation) is { } held && Hashing.Sha256(held.Content) != file.Sha256) await store.ReplaceAsync(file.Name, content, held.Version, cancellation);
    }

    /// <summary>Keeps a record under another name: what it says no longer counts, but may explain something.</summary>
    /// <param name="record">The version that is meant; another one stays.</param>
    public async Task PutAsideAsync(string folder, StoredBlob record, CancellationToken cancellation = default)
    {
        await store.CreateAsync($"{folder}/damaged-{Hashing.Sha256(record.Content)[..12]}.json", record.Content, cancellation);
        InjectionPoints.Reached("put-aside");
        await store.DeleteAsync($"{folder}/{RecordName}", record.Version, cancellation);
    }

    private static SortedDictionary<string, string> Hashes(IReadOnlyDictionary<string, CommitReference> parents) => new(parents.ToDictionary(p => p.Key, p => p.Value.Hash), StringComparer.Ordinal);

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

    /// <exception cref="DamagedArtifactException">It is not what was written.</exception>
    public static T FromJson<T>(byte[] content)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(content, Json) ?? throw new DamagedArtifactException($"What should be a {typeof(T).Name} is empty.");
        }
        catch (JsonException e)
        {
            throw new DamagedArtifactException($"What should be a {typeof(T).Name} is damaged ({e.Message}).");
        }
    }

    public static byte[] ToJson(object value) => JsonSerializer.SerializeToUtf8Bytes(value, Json);
}

/// <summary>A committed artifact is not what its record says. The run falls back to the part of its history that is intact.</summary>
public sealed class DamagedArtifactException(string message) : Exception(message);
