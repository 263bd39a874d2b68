using AlignGuard.Pipeline.Store;
using AlignGuard.Pipeline.Store.Rehearsal;
using Azure.Core;
using Azure.Storage.Blobs;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Store.Rehearsal;

/// <summary>What a store promises, on the real emulator, while half of all requests go wrong.</summary>
public abstract class FaultyStoreTests(AzuriteFixture azurite, int seed) : ArtifactStoreSuite, IAsyncLifetime
{
    private readonly BlobContainerClient _calm = new(azurite.ConnectionString, $"faults-{Guid.NewGuid():N}");
    private IArtifactStore? _store;

    protected override IArtifactStore Store => _store ??= Faulty($"seed={seed},busy=0.1,lost=0.15,cut=0.15,slow=0.1,delay=3");

    public async Task InitializeAsync() => await _calm.CreateAsync();
    public async Task DisposeAsync() => await _calm.DeleteIfExistsAsync();

    /// <summary>Additions whose answer gets lost are another matter than writes: here they are only refused, cut and slow.</summary>
    [Fact]
    public override Task What_is_appended_stands_at_the_end()
    {
        _store = Faulty($"seed={seed},busy=0.2,cut=0.15,slow=0.1,delay=3");
        return base.What_is_appended_stands_at_the_end();
    }

    [Fact]
    public override Task Of_many_who_append_at_one_place_exactly_one_does()
    {
        _store = Faulty($"seed={seed},busy=0.2,cut=0.15,slow=0.1,delay=3");
        return base.Of_many_who_append_at_one_place_exactly_one_does();
    }

    [Fact]
    public override Task A_log_can_be_cut_by_whoever_read_it_last_and_appended_to_again()
    {
        _store = Faulty($"seed={seed},busy=0.2,cut=0.15,slow=0.1,delay=3");
        return base.A_log_can_be_cut_by_whoever_read_it_last_and_appended_to_again();
    }

    [Fact]
    public async Task A_write_whose_answer_is_lost_is_known_for_one_s_own_and_nobody_else_s_of_equal_content()
    {
        var store = Faulty($"seed={seed},lost=0.5");
        for (var n = 0; n < 20; n++)
        {
            // Everybody writes the same: content cannot tell who was first.
            var won = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => store.CreateAsync($"locks/{n}", Bytes("same")))));
            Assert.Single(won, w => w);
            Assert.False(await store.CreateAsync($"locks/{n}", Bytes("same")));
        }
    }

    [Fact]
    public async Task A_large_write_whose_answers_are_lost_is_one_write()
    {
        // So many that also the last request, which makes blocks a blob, is all but sure to lose its answer.
        var store = Faulty($"seed={seed},lost=0.8", retries: 100);
        var content = new byte[20_000_000];
        new Random(seed).NextBytes(content);
        Assert.True(await store.CreateAsync("large.bin", content));
        Assert.False(await store.CreateAsync("large.bin", content));
        var held = (await store.ReadAsync("large.bin"))!;
        Assert.Equal(content, held.Content);
        Assert.True(await store.ReplaceAsync("large.bin", Bytes("small"), held.Version));
    }

    [Fact]
    public async Task A_body_that_ends_early_is_never_returned_as_content()
    {
        var content = new byte[300_000];
        new Random(seed).NextBytes(content);
        await Calm().CreateAsync("a.bin", content);
        var store = Faulty($"seed={seed},cut=0.4");
        for (var n = 0; n < 50; n++) Assert.Equal(content, (await store.ReadAsync("a.bin"))!.Content);

        var always = await Assert.ThrowsAsync<StoreException>(() => Faulty($"seed={seed},cut=1").ReadAsync("a.bin"));
        Assert.Contains("broke off an answer", always.Message);
    }

    [Fact]
    public async Task A_store_that_stays_busy_or_silent_is_told_in_a_sentence()
    {
        Assert.Contains("503 ServerBusy", (await Assert.ThrowsAsync<StoreException>(() => Faulty("busy=1", retries: 2).ReadAsync("x"))).Message);
        Assert.Contains("several tries", (await Assert.ThrowsAsync<StoreException>(() => Faulty($"seed={seed},lost=1", retries: 2).CreateAsync("x", Bytes("1")))).Message);
    }

    private BlobStore Calm() => new(_calm, "", "here");

    /// <param name="retries">More than in real work, and at once: so many faults are to be outlived in little time.</param>
    private BlobStore Faulty(string plan, int retries = 20)
    {
        var options = new BlobClientOptions { Retry = { MaxRetries = retries, Delay = TimeSpan.FromMilliseconds(1), MaxDelay = TimeSpan.FromMilliseconds(5) } };
        options.AddPolicy(new FaultPolicy(FaultPlan.Parse(plan)), HttpPipelinePosition.PerRetry);
        return new BlobStore(new BlobServiceClient(azurite.ConnectionString, options).GetBlobContainerClient(_calm.Name), "", "here");
    }
}

[Collection(AzuriteCollection.Name)]
public sealed class FaultyStoreOfSeed1Tests(AzuriteFixture azurite) : FaultyStoreTests(azurite, 1);

[Collection(AzuriteCollection.Name)]
public sealed class FaultyStoreOfSeed2Tests(AzuriteFixture azurite) : FaultyStoreTests(azurite, 2);

[Collection(AzuriteCollection.Name)]
public sealed class FaultyStoreOfSeed3Tests(AzuriteFixture azurite) : FaultyStoreTests(azurite, 3);
