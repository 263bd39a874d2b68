using AlignGuard.Pipeline.Cloud;
using AlignGuard.Pipeline.Store;
using AlignGuard.Server.Triggers;
using Xunit;

namespace AlignGuard.Server.Tests.Cloud;

/// <summary>From a message of a storage queue to an orchestration.</summary>
public sealed class TriggerDeskTests : IDisposable
{
    private readonly string _blobs = Directory.CreateTempSubdirectory("alignguard-blobs-").FullName;
    private readonly FolderStore _store;
    private readonly CloudFixture _cloud;

    public TriggerDeskTests()
    {
        _store = new FolderStore(_blobs);
        foreach (var data in new[] { "train.jsonl", "eval.jsonl" }) File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(_blobs, "set")).FullName, data), "{}");
        _cloud = new CloudFixture([WatchedSource.Blobs("store://account/datasets", _store)]);
    }

    public void Dispose()
    {
        _cloud.Dispose();
        Directory.Delete(_blobs, recursive: true);
    }

    private const string Manifest = """{ "version": 1, "job": { "name": "set", "model": "store://account/models/m", "method": "lora", "data": { "train": "train.jsonl", "eval": "eval.jsonl" }, "train": { "steps": 2, "segment": 1 } } }""";

    private const string GridEvent = """[{"eventType":"Microsoft.Storage.BlobCreated","topic":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/account","subject":"/blobServices/default/containers/datasets/blobs/set/_READY.json","data":{"eTag":"0xFORGED","url":"https://evil.example/x"}}]""";
    private const string CloudEvent = """{"specversion":"1.0","type":"Microsoft.Storage.BlobCreated","source":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/account","subject":"/blobServices/default/containers/datasets/blobs/set/_READY.json"}""";

    private static string Base64(string text) => Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(text));

    [Fact]
    public async Task Events_of_one_version_of_a_blob_start_one_orchestration_whatever_their_schema_order_and_number()
    {
        await _store.CreateAsync("set/_READY.json", System.Text.Encoding.UTF8.GetBytes(Manifest));
        foreach (var message in new[] { GridEvent, CloudEvent, Base64(GridEvent), Base64(CloudEvent), GridEvent }) Assert.True(await _cloud.Triggers.TakeAsync(message));
        await _cloud.Triggers.ScanAsync();
        await _cloud.Dispatcher.DispatchAllAsync();
        var (instance, _) = Assert.Single(_cloud.Hub.Started);
        // The version that counts is the blob's own; its hash is in the run's name, and so in the instance's.
        var version = (await _store.ReadAsync("set/_READY.json"))!.Version;
        Assert.StartsWith($"run-set-{InstanceId.OfBlob("account/datasets", "set/_READY.json", version)[..8]}-", instance);

        await _store.ReplaceAsync("set/_READY.json", System.Text.Encoding.UTF8.GetBytes(Manifest + " "), version);
        await _cloud.Triggers.TakeAsync(GridEvent);
        await _cloud.Dispatcher.DispatchAllAsync();
        Assert.Equal(2, _cloud.Hub.Started.Select(s => s.Instance).Distinct().Count());
    }

    [Fact]
    public async Task A_manifest_of_which_no_event_told_is_found_by_the_scan()
    {
        await _store.CreateAsync("set/_READY.json", System.Text.Encoding.UTF8.GetBytes(Manifest));
        await _cloud.Triggers.ScanAsync();
        await _cloud.Dispatcher.DispatchAllAsync();
        Assert.Single(_cloud.Hub.Started);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("{}")]
    [InlineData("[1]")]
    public async Task What_is_no_event_is_for_a_person(string message) => Assert.False(await _cloud.Triggers.TakeAsync(message));

    [Theory]
    [InlineData("/blobServices/default/containers/other/blobs/set/_READY.json")]
    [InlineData("/blobServices/default/containers/datasets/blobs/set/train.jsonl")]
    public async Task Other_blobs_start_nothing(string subject)
    {
        await _store.CreateAsync("set/_READY.json", System.Text.Encoding.UTF8.GetBytes(Manifest));
        Assert.True(await _cloud.Triggers.TakeAsync(CloudEvent.Replace("/blobServices/default/containers/datasets/blobs/set/_READY.json", subject, StringComparison.Ordinal)));
        await _cloud.Dispatcher.DispatchAllAsync();
        Assert.Empty(_cloud.Hub.Started);
    }

    [Fact]
    public void The_key_of_an_event_is_the_instance_ids_of_the_pipeline() => Assert.Equal(InstanceId.OfBlob("c", "b", "e"), TriggerLedger.Key("c", "b", "e"));
}
