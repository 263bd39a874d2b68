using AlignGuard.Server.Triggers;
using AlignGuard.Tests;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Xunit;

namespace AlignGuard.Server.Tests.Support;

/// <summary>Blob and queue service of the emulator, once for all tests that need them.</summary>
public sealed class AzuriteFixture : IAsyncLifetime
{
    private AzuriteProcess? _blobs, _queues;

    public async Task InitializeAsync()
    {
        _blobs = await AzuriteProcess.StartAsync();
        _queues = await AzuriteProcess.StartAsync("queue");
    }

    public async Task DisposeAsync()
    {
        await _blobs!.DisposeAsync();
        await _queues!.DisposeAsync();
    }

    public BlobContainerClient Container(string name) => new(_blobs!.ConnectionString, name);

    internal EventQueue Queue(string name) => EventQueue.Of(new QueueServiceClient(_queues!.ConnectionString), name);
}

[CollectionDefinition(Name)]
public sealed class AzuriteCollection : ICollectionFixture<AzuriteFixture>
{
    public const string Name = "azurite";
}
