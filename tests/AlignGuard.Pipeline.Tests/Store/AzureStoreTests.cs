using AlignGuard.Pipeline.Store;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Store;

/// <summary>The suite on Azure, for whoever has an account: <c>ALIGNGUARD_TEST_STORE=store://ACCOUNT/CONTAINER</c>, signed in to as the product signs in. Each test below a prefix of its own, which stays.</summary>
public sealed class AzureStoreTests : ArtifactStoreSuite
{
    private const string Variable = "ALIGNGUARD_TEST_STORE";
    private readonly Lazy<IArtifactStore> _store = new(Open);

    protected override IArtifactStore Store => _store.Value;

    private static IArtifactStore Open()
    {
        var container = Environment.GetEnvironmentVariable(Variable);
        Skip.If(string.IsNullOrEmpty(container), $"Cloud: {Variable} names no container on Azure to test on.");
        return StoreAddress.OpenAsync($"{container}/test-{Guid.NewGuid():N}").GetAwaiter().GetResult();
    }
}
