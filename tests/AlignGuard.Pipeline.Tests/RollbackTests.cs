using AlignGuard.Models;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Store;
using Xunit;

namespace AlignGuard.Pipeline.Tests;

/// <summary>Going back to an earlier adapter: what a gate accepted, and nothing else.</summary>
public sealed class RollbackTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("alignguard-rollback-");
    private readonly FolderStore _store;

    public RollbackTests() => _store = new FolderStore(_folder.FullName);

    public void Dispose() => _folder.Delete(recursive: true);

    private async Task PublishAsync(string run, bool accepted = true)
    {
        var protocol = new CommitProtocol(_store);
        var none = new Dictionary<string, CommitReference>();
        var segment = await protocol.CommitAsync($"runs/{run}/segments/0", "segment/0", "spec", none, new Dictionary<string, byte[]> { ["adapter.safetensors"] = [1, 2, 3] }, new { reachedStep = 1 });
        var gate = await protocol.CommitAsync($"runs/{run}/gate", "gate", "spec", none, new Dictionary<string, byte[]>(), new GateActivity.Result(accepted, []));
        var list = await Publication.PublishAsync(_store, "m", new Publication.Current(run, $"models/m/{run}", segment.Hash, gate.Hash), new Dictionary<string, byte[]> { ["adapter.safetensors"] = [1, 2, 3] });
        await protocol.CommitAsync($"runs/{run}/publish", "publish", "spec", new Dictionary<string, CommitReference> { ["gate"] = gate, ["segment"] = segment }, list, new { adapter = $"models/m/{run}" });
    }

    private async Task<string> CurrentAsync() => (await Publication.FindAsync(_store, "m"))!.RunId;

    [Fact]
    public async Task The_one_before_is_current_again_and_the_one_that_was_stays_back()
    {
        foreach (var run in new[] { "a", "b", "c" }) await PublishAsync(run);
        var back = await Publication.RollbackAsync(_store, "m", null);
        Assert.Equal(("b", "models/m/b"), (back.RunId, back.Adapter));
        Assert.Equal(["c", "a"], back.Replaced);
        Assert.Equal("b", await CurrentAsync());
        // Delivered again, the run that was rolled back changes nothing.
        await PublishAsync("c");
        Assert.Equal("b", await CurrentAsync());
        Assert.Equal("a", (await Publication.RollbackAsync(_store, "m", "a")).RunId);
        // And forth again.
        Assert.Equal("c", (await Publication.RollbackAsync(_store, "m", "c")).RunId);
    }

    [Fact]
    public async Task Nothing_to_go_back_to_is_said()
    {
        await Assert.ThrowsAsync<UserFaultException>(() => Publication.RollbackAsync(_store, "m", null));
        await PublishAsync("a");
        await Assert.ThrowsAsync<UserFaultException>(() => Publication.RollbackAsync(_store, "m", null));
        await Assert.ThrowsAsync<UserFaultException>(() => Publication.RollbackAsync(_store, "m", "a"));
        await Assert.ThrowsAsync<UserFaultException>(() => Publication.RollbackAsync(_store, "m", "nobody"));
    }

    [Fact]
    public async Task What_no_gate_accepted_and_what_is_damaged_does_not_come_back()
    {
        await PublishAsync("rejected", accepted: false);
        await PublishAsync("damaged");
        await PublishAsync("c");
        await Assert.ThrowsAsync<UserFaultException>(() => Publication.RollbackAsync(_store, "m", "rejected"));
        File.WriteAllBytes(Path.Combine(_folder.FullName, "models/m/damaged/adapter.safetensors"), [9, 9, 9]);
        await Assert.ThrowsAsync<DamagedArtifactException>(() => Publication.RollbackAsync(_store, "m", "damaged"));
        Assert.Equal("c", await CurrentAsync());
    }
}
