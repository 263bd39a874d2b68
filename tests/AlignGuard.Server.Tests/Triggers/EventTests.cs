using System.Text;
using System.Text.Json;
using AlignGuard.Pipeline.Store;
using AlignGuard.Server.Runs;
using AlignGuard.Server.Tests.Support;
using AlignGuard.Server.Triggers;
using Azure.Storage.Blobs;
using Azure.Storage.Queues.Models;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace AlignGuard.Server.Tests.Triggers;

/// <summary>Events and scans on the real emulator: every version of a manifest is one run, whatever is told, lost or told again.</summary>
[Collection(AzuriteCollection.Name)]
public sealed class EventTests(AzuriteFixture azurite) : IAsyncLifetime
{
    private const string Manifest = "sets/a/_READY.json";
    private readonly ServerFolder _folder = new();
    private readonly string _name = $"drop{Guid.NewGuid():N}";
    private BlobContainerClient _container = null!;
    private EventQueue _queue = null!;

    private WatchedSource Source => WatchedSource.Blobs($"store://azurite/{_name}", new BlobStore(_container, "", $"store://azurite/{_name}"));

    public async Task InitializeAsync()
    {
        (_container, _queue) = (azurite.Container(_name), azurite.Queue(_name));
        await _container.CreateAsync();
        await _queue.Messages.CreateAsync();
    }

    public async Task DisposeAsync()
    {
        await _container.DeleteIfExistsAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task One_event_delivered_twenty_times_by_queue_and_scan_is_one_run()
    {
        await ReadyAsync(Manifest);
        for (var n = 0; n < 20; n++) await SendAsync(n % 2 == 0 ? EventGrid(Manifest) : Cloud(Manifest), n % 3 == 0);
        await using var server = await ServerAsync(withQueue: true);
        // Besides the loops: the same from twenty threads at once.
        var intake = server.Services.GetRequiredService<TriggerIntake>();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(n => Task.Run(() => intake.TakeAsync(Source, Manifest, n % 2 == 0 ? "scan" : "queue", CancellationToken.None))));
        await EmptyAsync();
        var run = await OneRunAsync(server);
        Assert.Equal([run], server.Executor.Begun);
        Assert.Single(await _folder.Store.ListAsync("triggers/"));
        Assert.Single(server.Log.Lines, l => l.Contains("starts run"));
        var view = await server.Handlers.StatusAsync(run);
        Assert.Contains("\"train\":\"store://azurite/" + _name + "/sets/a/train.jsonl\"", await SpecAsync(run));
        Assert.Equal(RunPhase.Ended, view.Phase);
    }

    [Fact]
    public async Task A_manifest_that_no_event_told_of_is_found()
    {
        await using var server = await ServerAsync(withQueue: true);
        await ReadyAsync("_READY.json");
        await OneRunAsync(server);
    }

    [Fact]
    public async Task Written_again_a_manifest_is_another_run_and_late_events_of_the_first_are_none()
    {
        await ReadyAsync(Manifest);
        await using var server = await ServerAsync(withQueue: true);
        var first = await OneRunAsync(server);
        await ReadyAsync(Manifest);
        await Eventually.TrueAsync(() => server.Executor.Begun.Count == 2, "there is a second run");
        for (var n = 0; n < 5; n++) await SendAsync(EventGrid(Manifest), encoded: false);
        await EmptyAsync();
        Assert.Equal(2, server.Executor.Begun.Distinct().Count());
        Assert.Equal(2, server.Executor.Begun.Count);
        Assert.Equal(first, server.Executor.Begun.First());
        Assert.All(server.Executor.Begun, id => Assert.Matches("^job-[0-9a-f]{8}-[0-9a-f]{10}$", id));
    }

    [Fact]
    public async Task After_a_restart_nothing_is_started_again_not_even_what_was_removed_since()
    {
        await ReadyAsync(Manifest);
        await using (var first = await ServerAsync(withQueue: false)) await OneRunAsync(first);
        foreach (var name in await _folder.Store.ListAsync("runs/")) await _folder.Store.DeleteAsync(name);
        await using var second = await ServerAsync(withQueue: true);
        await SendAsync(Cloud(Manifest), encoded: false);
        await EmptyAsync();
        Assert.Empty(second.Executor.Begun);
    }

    [Fact]
    public async Task A_start_that_was_recorded_but_not_queued_when_the_process_died_is_made_up_for()
    {
        await ReadyAsync(Manifest);
        var version = (await Source.Store.ReadAsync(Manifest))!.Version;
        var entry = Jobs.Entry("pending");
        var record = new StartRecord(1, Source.Id, Manifest, version, entry.Id, [], entry.At, entry);
        await _folder.Store.CreateAsync(TriggerLedger.NameOf(TriggerLedger.Key(Source, Manifest, version)), CommitProtocol.ToJson(record));
        await using var server = await ServerAsync(withQueue: false);
        Assert.Equal(entry.Id, await OneRunAsync(server));
    }

    [Fact]
    public async Task Data_are_pinned_as_they_are_when_their_manifest_is_accepted_however_long_the_run_waits()
    {
        await ReadyAsync(Manifest);
        var accepted = (await _container.GetBlobClient("sets/a/train.jsonl").GetPropertiesAsync()).Value.ETag.ToString();
        await using var server = await ServerAsync(withQueue: false, loops: false);
        await server.Services.GetRequiredService<TriggerIntake>().TakeAsync(Source, Manifest, "scan", CancellationToken.None);
        await UploadAsync("sets/a/train.jsonl", "{ }");
        var queue = server.Services.GetRequiredService<RunQueue>();
        var entry = (await queue.FindAsync((await queue.IdsAsync()).Queued.Single()))!;
        Assert.Equal(2, entry.Sources.Count);
        Assert.Equal(accepted, entry.Job(_folder.Models).Sources[Source.Reference("sets/a/train.jsonl")]);
    }

    [Fact]
    public async Task Bad_manifests_are_recorded_once_and_hold_nobody_up()
    {
        await UploadAsync("a/_READY.json", "{ not json");
        await UploadAsync("b/_READY.json", "{ \"version\": 1, \"job\": \"missing.yaml\" }");
        await ReadyAsync("z/_READY.json");
        await using var server = await ServerAsync(withQueue: true);
        var run = await OneRunAsync(server);
        for (var n = 0; n < 3; n++) await SendAsync(EventGrid("a/_READY.json"), encoded: true);
        await EmptyAsync();
        Assert.Equal([run], server.Executor.Begun);
        Assert.Equal(2, server.Log.Lines.Count(l => l.Contains("starts nothing")));
        var refused = (await RecordsAsync()).Where(r => r.RunId is null).ToList();
        Assert.Equal(2, refused.Count);
        Assert.Contains(refused, r => r.Problems.Single().Contains("there is no missing.yaml beside the manifest"));
    }

    [Fact]
    public async Task A_job_beside_the_manifest_is_read()
    {
        await UploadAsync("sets/b/train.jsonl", "{}");
        await UploadAsync("sets/b/more/eval.jsonl", "{}");
        await UploadAsync("sets/b/job.yaml", Jobs.Yaml(train: "train.jsonl", eval: "./more/eval.jsonl"));
        await UploadAsync("sets/b/_READY.json", "{ \"version\": 1, \"job\": \"job.yaml\" }");
        await using var server = await ServerAsync(withQueue: false);
        Assert.Contains("\"eval\":\"store://azurite/" + _name + "/sets/b/more/eval.jsonl\"", await SpecAsync(await OneRunAsync(server)));
    }

    [Fact]
    public async Task Other_containers_other_blobs_and_other_events_are_passed_over()
    {
        await UploadAsync("sets/a/train.jsonl", "{}");
        foreach (var message in new[]
        {
            EventGrid("sets/a/train.jsonl"), EventGrid("sets/a/x_READY.json"), EventGrid(Manifest, container: "another"), EventGrid(Manifest, account: "anotheraccount"),
            EventGrid(Manifest, type: "Microsoft.Storage.BlobDeleted"), Cloud(Manifest, type: "com.example.thing"), "[]", EventGrid("sets/gone/_READY.json"),
        }) await SendAsync(message, encoded: false);
        await using var server = await ServerAsync(withQueue: true);
        await EmptyAsync();
        Assert.Empty(server.Executor.Begun);
        Assert.False(await _queue.Poison.ExistsAsync());
    }

    [Fact]
    public async Task What_is_no_event_goes_to_the_poison_queue_as_it_is()
    {
        string[] bad = ["nonsense", "{", "{}", "\"text\"", "[1]", "{ \"eventType\": \"Microsoft.Storage.BlobCreated\" }", "{ \"type\": \"Microsoft.Storage.BlobCreated\", \"subject\": \"/elsewhere\" }", Convert.ToBase64String([0xff, 0xfe])];
        foreach (var message in bad) await SendAsync(message, encoded: false);
        await ReadyAsync(Manifest);
        await SendAsync(EventGrid(Manifest), encoded: true);
        await using var server = await ServerAsync(withQueue: true);
        await EmptyAsync();
        await OneRunAsync(server);
        Assert.Equal(bad.Order(StringComparer.Ordinal), (await PoisonAsync()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_message_tried_five_times_goes_to_the_poison_queue_and_before_that_comes_again()
    {
        await ReadyAsync(Manifest);
        await SendAsync(EventGrid(Manifest), encoded: false);
        // The store is away: the event must stay.
        await using var server = await ServerAsync(withQueue: true, loops: false, store: new BrokenStore(new StoreException("The store is away.")));
        var watcher = server.Services.GetServices<IHostedService>().OfType<QueueWatcher>().Single();
        QueueMessage message = (await _queue.Messages.ReceiveMessageAsync(TimeSpan.FromSeconds(1))).Value;
        await watcher.TakeAsync(message, CancellationToken.None);
        Assert.Equal(1, (await _queue.Messages.GetPropertiesAsync()).Value.ApproximateMessagesCount);
        var tired = QueuesModelFactory.QueueMessage(message.MessageId, message.PopReceipt, message.Body, 6, message.NextVisibleOn, message.InsertedOn, message.ExpiresOn);
        await watcher.TakeAsync(tired, CancellationToken.None);
        Assert.Equal([EventGrid(Manifest)], await PoisonAsync());
        Assert.Equal(0, (await _queue.Messages.GetPropertiesAsync()).Value.ApproximateMessagesCount);
    }

    private Task<RunningServer> ServerAsync(bool withQueue, bool loops = true, IArtifactStore? store = null) =>
        RunningServer.StartAsync(_folder, sources: [Source], events: withQueue ? _queue : null, store: store, loops: loops);

    private string EventGrid(string blob, string? container = null, string account = "devstoreaccount1", string type = "Microsoft.Storage.BlobCreated") => JsonSerializer.Serialize(new
    {
        id = "1", topic = $"/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/{account}", subject = $"/blobServices/default/containers/{container ?? _name}/blobs/{blob}",
        eventType = type, eventTime = "2025-01-01T00:00:00Z", dataVersion = "", metadataVersion = "1", data = new { eTag = "0xSTALE", url = "https://example.invalid/" },
    });

    private string Cloud(string blob, string type = "Microsoft.Storage.BlobCreated") => JsonSerializer.Serialize(new
    {
        specversion = "1.0", id = "1", type, source = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/devstoreaccount1",
        subject = $"/blobServices/default/containers/{_name}/blobs/{blob}", time = "2025-01-01T00:00:00Z", data = new { eTag = "0xSTALE" },
    });

    private async Task ReadyAsync(string name)
    {
        foreach (var data in new[] { "train.jsonl", "eval.jsonl" }) await UploadAsync(name[..^ReadyManifest.FileName.Length] + data, "{}");
        await UploadAsync(name, $"{{ \"version\": 1, \"job\": {Jobs.Json(train: "train.jsonl", eval: "eval.jsonl")} }}");
    }

    private async Task UploadAsync(string name, string text) => await _container.GetBlobClient(name).UploadAsync(new BinaryData(text), overwrite: true);

    private async Task SendAsync(string message, bool encoded) => await _queue.Messages.SendMessageAsync(encoded ? Convert.ToBase64String(Encoding.UTF8.GetBytes(message)) : message);

    private Task EmptyAsync() => Eventually.TrueAsync(async () => (await _queue.Messages.GetPropertiesAsync()).Value.ApproximateMessagesCount == 0, "the queue of events is empty");

    private async Task<string> OneRunAsync(RunningServer server)
    {
        await Eventually.TrueAsync(async () => (await server.Handlers.ListAsync()).Any(r => r.Phase == RunPhase.Ended), "a run has ended");
        return Assert.Single(await server.Handlers.ListAsync()).RunId;
    }

    private async Task<IReadOnlyList<StartRecord>> RecordsAsync()
    {
        var records = new List<StartRecord>();
        foreach (var name in await _folder.Store.ListAsync("triggers/")) records.Add(CommitProtocol.FromJson<StartRecord>((await _folder.Store.ReadAsync(name))!.Content));
        return records;
    }

    private async Task<string> SpecAsync(string run) => Encoding.UTF8.GetString((await _folder.Store.ReadAsync($"runs/{run}/spec.json"))!.Content).Replace(" ", "");

    private async Task<IReadOnlyList<string>> PoisonAsync() => [.. (await _queue.Poison.ReceiveMessagesAsync(32)).Value.Select(m => m.Body.ToString())];
}
