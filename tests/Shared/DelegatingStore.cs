using AlignGuard.Pipeline.Store;

namespace AlignGuard.Tests;

/// <summary>Passes everything on; tests change what they need to.</summary>
internal abstract class DelegatingStore(IArtifactStore inner) : IArtifactStore
{
    public string Location => inner.Location;
    public virtual long? FreeBytes => inner.FreeBytes;
    public virtual Task<bool> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default) => inner.CreateAsync(name, content, cancellation);
    public virtual Task<bool> ReplaceAsync(string name, ReadOnlyMemory<byte> content, string? ifMatch, CancellationToken cancellation = default) => inner.ReplaceAsync(name, content, ifMatch, cancellation);
    public virtual Task<bool> AppendAsync(string name, ReadOnlyMemory<byte> content, long at, CancellationToken cancellation = default) => inner.AppendAsync(name, content, at, cancellation);
    public virtual Task<StoredBlob?> ReadAsync(string name, CancellationToken cancellation = default) => inner.ReadAsync(name, cancellation);
    public virtual Task<StoredBlob?> ReadRangeAsync(string name, long offset, int length, string? ifMatch, CancellationToken cancellation = default) => inner.ReadRangeAsync(name, offset, length, ifMatch, cancellation);
    public virtual Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellation = default) => inner.ListAsync(prefix, cancellation);
    public virtual Task DeleteAsync(string name, string? ifMatch = null, CancellationToken cancellation = default) => inner.DeleteAsync(name, ifMatch, cancellation);
    public virtual Task<IStoreLease?> TryLeaseAsync(string name, string holder, TimeSpan duration, CancellationToken cancellation = default) => inner.TryLeaseAsync(name, holder, duration, cancellation);
    public virtual Task BreakLeaseAsync(string name, CancellationToken cancellation = default) => inner.BreakLeaseAsync(name, cancellation);
}
