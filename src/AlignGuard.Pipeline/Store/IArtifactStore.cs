namespace AlignGuard.Pipeline.Store;

/// <summary>
/// Named immutable blobs plus a few replaceable ones. Names are relative, with '/' between parts (<see cref="BlobName"/>).
/// </summary>
public interface IArtifactStore
{
    /// <summary>Where it is, for people.</summary>
    string Location { get; }

    /// <summary>Bytes that can still be written, or null where the store has no such end.</summary>
    long? FreeBytes { get; }

    /// <summary>Writes a blob whole, or not at all. False = a blob of that name exists already and is untouched: whoever was first has won. A write whose answer got lost
    /// and that was tried again is told from somebody else's, even of equal content: of many writers exactly one is told true.</summary>
    /// <exception cref="StoreException">The store is read-only, full, or out of reach.</exception>
    Task<bool> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default);

    /// <summary>Replaces a blob if it is still the version <paramref name="ifMatch"/> names (null = must not exist yet). False = somebody else was faster
    /// (or replaced it again after this write, whose answer had got lost).</summary>
    Task<bool> ReplaceAsync(string name, ReadOnlyMemory<byte> content, string? ifMatch, CancellationToken cancellation = default);

    /// <summary>
    /// Adds to the end of a blob that is <paramref name="at"/> bytes long (0 = there need not be one yet): logs with one writer at a time. False = it has another length: another writer's
    /// doing, or this very addition's whose answer got lost; the writer looks. A crash may leave the addition torn.
    /// </summary>
    Task<bool> AppendAsync(string name, ReadOnlyMemory<byte> content, long at, CancellationToken cancellation = default);

    /// <summary>Content and version tag, or null where there is no such blob.</summary>
    Task<StoredBlob?> ReadAsync(string name, CancellationToken cancellation = default);

    /// <summary>Up to <paramref name="length"/> bytes from <paramref name="offset"/>, fewer at the end, or null where there is no such blob.</summary>
    /// <param name="ifMatch">The version that is meant, as an earlier range gave it (a folder's is not that of <see cref="ReadAsync"/>, which would read the whole); null = any.</param>
    /// <exception cref="BlobChangedException">It is another version by now.</exception>
    Task<StoredBlob?> ReadRangeAsync(string name, long offset, int length, string? ifMatch, CancellationToken cancellation = default);

    /// <summary>Names below a prefix, ordinal order.</summary>
    Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellation = default);

    /// <summary>Removes a blob, if it is still the version <paramref name="ifMatch"/> names (null = any); otherwise nothing happens.</summary>
    Task DeleteAsync(string name, string? ifMatch = null, CancellationToken cancellation = default);

    /// <summary>
    /// The right to work below a name alone for a while, or null where another has it. It ends by itself <paramref name="duration"/> after its last renewal, at the
    /// latest, so a dead holder blocks nobody for ever. It saves work; no correctness depends on it.
    /// </summary>
    /// <param name="holder">Who takes it, for people.</param>
    Task<IStoreLease?> TryLeaseAsync(string name, string holder, TimeSpan duration, CancellationToken cancellation = default);

    /// <summary>Ends whatever lease there is, for whoever knows that its holder is dead.</summary>
    Task BreakLeaseAsync(string name, CancellationToken cancellation = default);
}

/// <summary>A lease that is held; disposing of it gives it back.</summary>
public interface IStoreLease : IAsyncDisposable
{
    /// <summary>False = it was lost.</summary>
    Task<bool> RenewAsync(CancellationToken cancellation = default);
}

/// <param name="Content">Whole content, or the range asked for.</param>
/// <param name="Version">Changes with every replacement.</param>
public sealed record StoredBlob(byte[] Content, string Version);

/// <summary>A blob is no longer the version that was meant.</summary>
public sealed class BlobChangedException(string name) : Exception($"{name} has changed.");
