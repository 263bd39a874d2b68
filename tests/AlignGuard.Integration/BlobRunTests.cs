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
            while (await SegmentsAsync() == 0) await Task.Delay(100);
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

    private AlignGuardProcess Start(params string[] arguments) =>
        AlignGuardProcess.Start(arguments, new Dictionary<string, string> { [StoreAddress.ConnectionVariable] = _azurite.ConnectionString });

    private BlobStore Opened() => new(new BlobContainerClient(_azurite.ConnectionString, "runs"), "team", Store);

    private async Task<int> SegmentsAsync()
    {
        var container = new BlobContainerClient(_azurite.ConnectionString, "runs");
        return await container.ExistsAsync() ? (await Opened().ListAsync("runs/")).Count(n => n.Contains("/segments/") && n.EndsWith(CommitProtocol.RecordName)) : 0;
    }
}
