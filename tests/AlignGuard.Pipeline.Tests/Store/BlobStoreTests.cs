using AlignGuard.Models;
using AlignGuard.Pipeline.Store;
using AlignGuard.Tests;
using Azure.Storage.Blobs;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Store;

/// <summary>One emulator for all tests of this assembly that need one.</summary>
public sealed class AzuriteFixture : IAsyncLifetime
{
    private AzuriteProcess? _azurite;

    public string ConnectionString => _azurite!.ConnectionString;

    public async Task InitializeAsync() => _azurite = await AzuriteProcess.StartAsync();
    public async Task DisposeAsync() => await _azurite!.DisposeAsync();
}

/// <summary>Its users run one after another.</summary>
[CollectionDefinition(Name)]
public sealed class AzuriteCollection : ICollectionFixture<AzuriteFixture>
{
    public const string Name = "azurite";
}

/// <summary>The suite on the real emulator; each test in a container of its own.</summary>
[Collection(AzuriteCollection.Name)]
public sealed class BlobStoreTests(AzuriteFixture azurite) : ArtifactStoreSuite, IAsyncLifetime
{
    private readonly BlobContainerClient _container = new(azurite.ConnectionString, $"test-{Guid.NewGuid():N}");

    protected override IArtifactStore Store => new BlobStore(_container, "team/a", "store://azurite/test");

    public async Task InitializeAsync() => await _container.CreateAsync();
    public async Task DisposeAsync() => await _container.DeleteIfExistsAsync();

    [Fact]
    public async Task Stores_with_other_prefixes_do_not_see_each_other()
    {
        await Store.CreateAsync("x.json", Bytes("a"));
        var other = new BlobStore(_container, "team/b", "store://azurite/test");
        Assert.Null(await other.ReadAsync("x.json"));
        Assert.Empty(await other.ListAsync(""));
        Assert.True(await other.CreateAsync("x.json", Bytes("b")));
        Assert.Equal(["team/a/x.json", "team/b/x.json"], await new BlobStore(_container, "", "").ListAsync(""));
    }

    [Fact]
    public async Task A_container_that_is_gone_is_named()
    {
        await _container.DeleteAsync();
        var fault = await Assert.ThrowsAsync<StoreException>(() => Store.CreateAsync("x.json", Bytes("a")));
        Assert.Contains("no such container", fault.Message);
        Assert.Contains("store://azurite/test", fault.Message);
    }

    [Fact]
    public async Task A_wrong_key_is_told_as_a_matter_of_access()
    {
        var wrong = new BlobContainerClient(System.Text.RegularExpressions.Regex.Replace(azurite.ConnectionString, "AccountKey=[^;]+", "AccountKey=" + Convert.ToBase64String(new byte[64])), _container.Name);
        Assert.Contains("refused access (403", (await Assert.ThrowsAsync<StoreException>(() => new BlobStore(wrong, "", "here").ReadAsync("x.json"))).Message);
    }

    [Theory]
    [InlineData("https://account.blob.core.windows.net/container")]
    [InlineData("store://account")]
    [InlineData("store://Account/container")]
    [InlineData("store://account/Container")]
    [InlineData("store://account/con--tainer")]
    [InlineData("store://account.evil.example/container")]
    [InlineData("store://account/container/../other")]
    public async Task What_is_no_address_of_a_store_is_refused(string address) => await Assert.ThrowsAsync<UserFaultException>(() => StoreAddress.OpenAsync(address));
}
