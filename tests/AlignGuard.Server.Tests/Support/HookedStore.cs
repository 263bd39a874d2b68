using AlignGuard.Pipeline.Store;
using AlignGuard.Tests;

namespace AlignGuard.Server.Tests.Support;

/// <summary>Lets something happen before every read.</summary>
internal sealed class HookedStore(IArtifactStore store, Func<Task> before) : DelegatingStore(store)
{
    public override async Task<StoredBlob?> ReadAsync(string name, CancellationToken cancellation = default)
    {
        await before();
        return await base.ReadAsync(name, cancellation);
    }
}
