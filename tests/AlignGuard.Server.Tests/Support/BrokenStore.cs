using AlignGuard.Pipeline.Store;

namespace AlignGuard.Server.Tests.Support;

/// <summary>A store that does nothing but fail.</summary>
internal sealed class BrokenStore(Exception fault) : IArtifactStore
{
    public string Location => "nowhere";

    public Task<bool> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default) => throw fault;
    public Task<bool> ReplaceAsync(string name, ReadOnlyMemory<byte> content, string? ifMatch, CancellationToken cancellation = default) => throw fault;
    public long? FreeBytes => null;
    public Task<bool> AppendAsync(string name, ReadOnlyMemory<byte> content, long at, CancellationToken cancellation = default) => throw fault;
    public Task<StoredBlob?> ReadRangeAsync(string name, long offset, int length, string? ifMatch, CancellationToken cancellation = default) => throw fault;
    public Task BreakLeaseAsync(string name, CancellationToken cancellation = default) => throw fault;
    public Task<IStoreLease?> TryLeaseAsync(string name, string holder, TimeSpan duration, CancellationToken cancellation = default) => throw fault;
    public Task<StoredBlob?> ReadAsync(string name, CancellationToken cancellation = default) => throw fault;
    public Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellation = default) => throw fault;
    public Task DeleteAsync(string name, string? ifMatch = null, CancellationToken cancellation = default) => throw fault;
}
