namespace AlignGuard.Pipeline.Store;

/// <summary>
/// Named immutable blobs plus a few replaceable ones. Names are relative, with '/' between parts (<see cref="BlobName"/>).
/// </summary>
public interface IArtifactStore
{
    /// <summary>Where it is, for people.</summary>
    string Location { get; }

    /// <summary>Writes a blob whole, or not at all. False = a blob of that name exists already and is untouched: whoever was first has won.</summary>
    /// <exception cref="StoreException">The store is read-only, full, or out of reach.</exception>
    Task<bool> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default);

    /// <summary>Replaces a blob if it is still the version <paramref name="ifMatch"/> names (null = must not exist yet). False = somebody else was faster.</summary>
    Task<bool> ReplaceAsync(string name, ReadOnlyMemory<byte> content, string? ifMatch, CancellationToken cancellation = default);

    /// <summary>Adds to the end of a blob, creating it first if need be (logs). A crash may leave the last addition torn.</summary>
    Task AppendAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default);

    /// <summary>Content and version tag, or null where there is no such blob.</summary>
    Task<StoredBlob?> ReadAsync(string name, CancellationToken cancellation = default);

    /// <summary>Names below a prefix, ordinal order.</summary>
    Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellation = default);

    /// <summary>Removes a blob; nothing happens where there is none.</summary>
    Task DeleteAsync(string name, CancellationToken cancellation = default);
}

/// <param name="Content">Whole content.</param>
/// <param name="Version">Changes with every replacement.</param>
public sealed record StoredBlob(byte[] Content, string Version);
