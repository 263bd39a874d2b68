using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using AlignGuard.Tests;
using Azure.Storage.Blobs;
using Xunit;

namespace AlignGuard.Integration;

/// <summary>Runs on the storage emulator: what holds on a folder holds there, to the bit.</summary>
public sealed class BlobRunTests : IAsyncLifetime
{
    private const string Store = "store://azurite/runs/team";
    private static readonly int[] Finished = [0, 3];
    private readonly TinyJob _job = new();
    private AzuriteProcess _azurite = null!;

    public async Task InitializeAsync() => _azurite = await AzuriteProcess.StartAsync();

    public async Task DisposeAsync()
    {
        _job.Dispose();
        await _azurite.DisposeAsync();
    }

    [Fact]
    public async Task A_run_killed_at_random_moments_ends_as_an_undisturbed_one_on_a_folder()
    {
        var calm = await AlignGuardProcess.RunAsync(_job.Command("calm"));
        Assert.True(Finished.Contains(calm.ExitCode), calm.Error);
        await AlignGuardProcess.KillAtRandomAsync(() => Start("run", _job.JobFile, "--store", Store), 1500, 4500);
        Assert.Equal(_job.FinalState("calm"), await TinyJob.FinalStateAsync(Opened()));

        using (var status = Start("status", "--store", Store)) Assert.Contains("20/20", (await status.EndAsync()).Output);
        var run = Assert.Single(await AlignGuard.Pipeline.Runner.RunStatus.IdsAsync(Opened()));
        using (var verified = Start("store", "verify", run, "--store", Store)) Assert.Contains("intact", (await verified.EndAsync()).Output);
    }

    /// <summary>The client waits and tries again; should it give up, the same command goes on.</summary>
    [Fact]
    public async Task A_store_that_goes_away_for_a_while_costs_no_work()
    {
        var calm = await AlignGuardProcess.RunAsync(_job.Command("calm"));
        Assert.True(Finished.Contains(calm.ExitCode), calm.Error);
        Ended ended;
        using (var process = Start("run", _job.JobFile, "--store", Store))
        {
            await process.UntilAsync(async () => await SegmentsAsync() > 0);
            await _azurite.StopAsync();
            await Task.Delay(2000);
            await _azurite.RestartAsync();
            ended = await process.EndAsync();
        }
        if (ended.ExitCode == 2)
        {
            Assert.Contains("cannot be reached", ended.Error);
            using var again = Start("run", _job.JobFile, "--store", Store);
            ended = await again.EndAsync();
        }
        Assert.True(Finished.Contains(ended.ExitCode), ended.Error);
        Assert.Equal(_job.FinalState("calm"), await TinyJob.FinalStateAsync(Opened()));
    }

    /// <summary>Killed, the emulator forgets what it acknowledged in the last seconds: records, log lines, whole segments. The run notices and makes up for it.</summary>
    [Fact]
    public async Task An_emulator_that_is_killed_and_forgets_costs_no_more_than_what_it_forgot()
    {
        string[] longer = ["--set", "train.steps=120", "--set", "train.segment=10", "--set", "guard.refreshEvery=40", "--set", "driftcheck.every=final"];
        var calm = await AlignGuardProcess.RunAsync([.. _job.Command("calm"), .. longer]);
        Assert.True(Finished.Contains(calm.ExitCode), calm.Error);
        string[] command = ["run", _job.JobFile, "--store", Store, .. longer];
        Ended ended;
        using (var process = Start(command))
        {
            await process.UntilAsync(async () => await SegmentsAsync() >= 3);
            await _azurite.KillAsync();
            await Task.Delay(1000);
            await _azurite.RestartAsync();
            Assert.True(await SegmentsAsync() < 12, "the run had ended before the emulator was killed");
            ended = await process.EndAsync();
        }
        for (var tries = 0; ended.ExitCode is not (0 or 3) && tries < 3; tries++)
        {
            using var again = Start(command);
            ended = await again.EndAsync();
        }
        Assert.True(Finished.Contains(ended.ExitCode), ended.Error);
        Assert.Equal(_job.FinalState("calm"), await TinyJob.FinalStateAsync(Opened()));
        var run = Assert.Single(await AlignGuard.Pipeline.Runner.RunStatus.IdsAsync(Opened()));
        using var verified = Start("store", "verify", run, "--store", Store);
        Assert.Contains("intact", (await verified.EndAsync()).Output);
    }

    /// <summary>One run, killed at every step of the commit protocol in turn.</summary>
    [Fact]
    public async Task A_run_killed_at_every_step_of_the_commit_protocol_ends_as_an_undisturbed_one_on_a_folder()
    {
        var calm = await AlignGuardProcess.RunAsync(_job.Command("calm"));
        Assert.True(Finished.Contains(calm.ExitCode), calm.Error);
        foreach (var point in new[] { "event-logged:2", "file-written:3", "before-commit:2", "after-commit:1", "event-logged:3", "file-written:4", "before-commit:1", "after-commit:3" })
        {
            using var killed = AlignGuardProcess.Start(["run", _job.JobFile, "--store", Store],
                new Dictionary<string, string> { [StoreAddress.ConnectionVariable] = _azurite.ConnectionString, ["ALIGNGUARD_KILL_AT"] = point });
            Assert.Equal(137, (await killed.EndAsync()).ExitCode);
        }
        using var last = Start("run", _job.JobFile, "--store", Store);
        var ended = await last.EndAsync();
        Assert.True(Finished.Contains(ended.ExitCode), ended.Error);
        Assert.Equal(_job.FinalState("calm"), await TinyJob.FinalStateAsync(Opened()));
    }

    /// <summary>Between acceptance and the start of a run its data may not change either.</summary>
    [Fact]
    public async Task Data_that_changed_since_their_run_was_accepted_are_refused()
    {
        var datasets = new BlobContainerClient(_azurite.ConnectionString, "datasets");
        await datasets.CreateAsync();
        var blob = datasets.GetBlobClient("train.jsonl");
        var accepted = (await blob.UploadAsync(_job.TrainFile)).Value.ETag.ToString();
        var job = JobFileReader.Read(_job.JobFile, ["data.train=store://azurite/datasets/train.jsonl"]) with { Sources = new Dictionary<string, string> { ["store://azurite/datasets/train.jsonl"] = accepted } };
        await new BlobContainerClient(_azurite.ConnectionString, "runs").CreateIfNotExistsAsync();
        await AskedRun.WriteAsync(Opened(), job);
        await blob.UploadAsync(BinaryData.FromString("""{"prompt": "a", "completion": "b"}"""), overwrite: true);
        using var asked = Start(["work", job.RunId, "--store", Store], ("ALIGNGUARD_CACHE", _job.Store("cache")));
        var refused = await asked.EndAsync();
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("train.jsonl: data changed since the run began", refused.Error);
    }

    /// <summary>Data, prompts and the model itself from a container: read as one version, which belongs to the run.</summary>
    [Fact]
    public async Task Data_on_blob_storage_are_pinned_to_their_version()
    {
        var datasets = new BlobContainerClient(_azurite.ConnectionString, "datasets");
        await datasets.CreateAsync();
        var blob = datasets.GetBlobClient("howto/train.jsonl");
        await blob.UploadAsync(_job.TrainFile);
        foreach (var file in Directory.GetFiles(_job.Model).Where(f => !f.EndsWith(".md"))) await datasets.GetBlobClient($"models/demo/{Path.GetFileName(file)}").UploadAsync(file);
        string[] command = ["run", _job.JobFile, "--store", Store, "--set", "data.train=store://azurite/datasets/howto/train.jsonl", "--set", "model=store://azurite/datasets/models/demo"];
        using (var killed = Start([.. command], ("ALIGNGUARD_KILL_AT", "event-logged:4"), ("ALIGNGUARD_CACHE", _job.Store("cache")))) Assert.Equal(137, (await killed.EndAsync()).ExitCode);

        var held = (await blob.DownloadContentAsync()).Value.Content;
        await blob.UploadAsync(BinaryData.FromString("""{"prompt": "a", "completion": "b"}"""), overwrite: true);
        using (var changed = Start([.. command], ("ALIGNGUARD_CACHE", _job.Store("cache"))))
        {
            var refused = await changed.EndAsync();
            Assert.Equal(2, refused.ExitCode);
            Assert.Contains("howto/train.jsonl: data changed since the run began", refused.Error);
        }
        // The same bytes under another version are another upload: nobody can tell what happened in between.
        await blob.UploadAsync(held, overwrite: true);
        using (var another = Start([.. command, "--set", "name=again"], ("ALIGNGUARD_CACHE", _job.Store("cache"))))
        {
            var ended = await another.EndAsync();
            Assert.True(Finished.Contains(ended.ExitCode), ended.Error);
        }
        using var absent = Start([.. command, "--set", "name=third", "--set", "data.eval=store://azurite/datasets/absent.jsonl", "--set", "data.train=store://azurite/datasets"]);
        var told = await absent.EndAsync();
        Assert.Equal(2, told.ExitCode);
        Assert.Contains("absent.jsonl: there is no such blob", told.Error);
        Assert.Contains("names a container, not a blob", told.Error);
    }

    /// <summary>On blob storage a lease is the service's: the second waits while the first lives, and goes on when it is dead.</summary>
    [Fact]
    public async Task Two_runners_on_one_run_take_turns_there_too()
    {
        var calm = await AlignGuardProcess.RunAsync(_job.Command("calm"));
        using var first = Start(["run", _job.JobFile, "--store", Store], ("ALIGNGUARD_KILL_AT", "after-commit:6"));
        await first.UntilAsync(async () => await SegmentsAsync() > 0);
        using var second = Start("run", _job.JobFile, "--store", Store);
        Assert.Equal(137, (await first.EndAsync()).ExitCode);
        var ended = await second.EndAsync();
        Assert.True(ended.ExitCode == calm.ExitCode, ended.Error);
        Assert.Equal(_job.FinalState("calm"), await TinyJob.FinalStateAsync(Opened()));
    }

    /// <summary>The rehearsal that operators have: every tenth request refused, every tenth answer lost, every tenth reading cut, every tenth answer late.</summary>
    [Fact]
    public async Task A_run_with_rehearsed_faults_ends_as_an_undisturbed_one()
    {
        var calm = await AlignGuardProcess.RunAsync(_job.Command("calm"));
        Assert.True(Finished.Contains(calm.ExitCode), calm.Error);
        var ended = await RehearsedAsync("seed=1,busy=0.1,lost=0.1,cut=0.1,slow=0.1,delay=50");
        Assert.True(Finished.Contains(ended.ExitCode), ended.Error);
        Assert.Single(ended.Error.Split('\n'), line => line.Contains("Rehearsal: faults are injected"));
        Assert.Equal(_job.FinalState("calm"), await TinyJob.FinalStateAsync(Opened()));

        var refused = await RehearsedAsync("busy=2,often=1");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("busy is '2'", refused.Error);
        Assert.Contains("'often' is unknown", refused.Error);
    }

    [Fact]
    public async Task A_store_that_is_not_there_or_not_this_account_s_is_named()
    {
        foreach (var (address, expected) in new[] { ("store://azurite/ab", "is expected"), ("store://otheraccount/runs", "names account otheraccount"), ("ftp://host/x", "not opened") })
        {
            using var process = Start("run", _job.JobFile, "--store", address);
            var ended = await process.EndAsync();
            Assert.Equal(2, ended.ExitCode);
            Assert.Contains(expected, ended.Error);
        }
        using var wrong = AlignGuardProcess.Start(["run", _job.JobFile, "--store", Store], new Dictionary<string, string> { [StoreAddress.ConnectionVariable] = "nonsense" });
        var told = await wrong.EndAsync();
        Assert.Equal(2, told.ExitCode);
        Assert.Contains("is no connection string", told.Error);
    }

    private AlignGuardProcess Start(string[] arguments, params (string Name, string Value)[] environment) =>
        AlignGuardProcess.Start(arguments, environment.Append((Name: StoreAddress.ConnectionVariable, Value: _azurite.ConnectionString)).ToDictionary(e => e.Name, e => e.Value));

    private AlignGuardProcess Start(params string[] arguments) =>
        AlignGuardProcess.Start(arguments, new Dictionary<string, string> { [StoreAddress.ConnectionVariable] = _azurite.ConnectionString });

    private async Task<Ended> RehearsedAsync(string plan)
    {
        using var process = AlignGuardProcess.Start(["run", _job.JobFile, "--store", Store],
            new Dictionary<string, string> { [StoreAddress.ConnectionVariable] = _azurite.ConnectionString, [AlignGuard.Pipeline.Store.Rehearsal.FaultPlan.Variable] = plan });
        return await process.EndAsync();
    }

    private BlobStore Opened() => new(new BlobContainerClient(_azurite.ConnectionString, "runs"), "team", Store);

    private async Task<int> SegmentsAsync()
    {
        var container = new BlobContainerClient(_azurite.ConnectionString, "runs");
        return await container.ExistsAsync() ? (await Opened().ListAsync("runs/")).Count(n => n.Contains("/segments/") && n.EndsWith(CommitProtocol.RecordName)) : 0;
    }

    /// <summary>The emulator with a limit stands for an account whose quota is used up.</summary>
    [Fact]
    public async Task A_run_whose_account_is_full_says_so_and_is_left_resumable()
    {
        await using var small = await AzuriteProcess.StartAsync(limit: 1);
        await new BlobContainerClient(small.ConnectionString, "runs").CreateAsync();
        var store = new BlobStore(new BlobContainerClient(small.ConnectionString, "runs"), "", Store);
        await Assert.ThrowsAsync<StorageFullException>(async () =>
        {
            for (var n = 0; n < 40; n++) await store.CreateAsync($"ballast/{n}", new byte[100_000]);
        });
        using var process = AlignGuardProcess.Start(["run", _job.JobFile, "--store", Store], new Dictionary<string, string> { [StoreAddress.ConnectionVariable] = small.ConnectionString });
        var ended = await process.EndAsync();
        Assert.True(ended.ExitCode == 2, $"{ended.ExitCode}: {ended.Error}");
        Assert.Contains("has no room left", ended.Error);
        Assert.DoesNotContain("   at ", ended.Error);
    }
}
