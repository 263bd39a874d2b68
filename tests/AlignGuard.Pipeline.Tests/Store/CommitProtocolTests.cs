using System.Text;
using AlignGuard.Pipeline.Store;
using AlignGuard.Tests;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Store;

public sealed class CommitProtocolTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("alignguard-commit-").FullName;
    private readonly CommitProtocol _protocol;

    private sealed record Result(int Step);

    public CommitProtocolTests() => _protocol = new CommitProtocol(new FolderStore(_root));

    [Fact]
    public async Task Every_delivery_of_a_command_has_one_result()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(() => CommitAsync($"weights {n}", n))));
        Assert.Single(results.Select(r => r.Hash).Distinct());
        var kept = await _protocol.Store.ListAsync("runs/x/");
        Assert.Equal(2, kept.Count);                                            // the record and the winner's file; losers clean up
        Assert.Equal($"weights {CommitProtocol.Result<Result>(results[0]).Step}", Encoding.UTF8.GetString(await _protocol.ReadAsync(results[0].File("a.bin"))));
    }

    [Theory]
    [InlineData("truncated")]
    [InlineData("altered")]
    [InlineData("missing")]
    public async Task A_damaged_file_is_never_returned(string damage)
    {
        var commit = await CommitAsync("some weights", 1);
        var path = Path.Combine(_root, commit.File("a.bin").Name);
        if (damage == "missing") File.Delete(path);
        else if (damage == "truncated") File.WriteAllText(path, "some");
        else File.WriteAllText(path, "other weight");
        var fault = await Assert.ThrowsAsync<DamagedArtifactException>(() => _protocol.ReadAsync(commit.File("a.bin")));
        Assert.Contains("a.bin", fault.Message);
    }

    [Fact]
    public async Task A_record_that_is_no_record_is_damage_and_a_newer_one_is_refused()
    {
        await _protocol.Store.CreateAsync("runs/y/commit.json", "{\"version\": 1, \"comm"u8.ToArray());
        await Assert.ThrowsAsync<DamagedArtifactException>(() => _protocol.FindAsync("runs/y"));
        var commit = await CommitAsync("w", 1);
        var text = File.ReadAllText(Path.Combine(_root, commit.Folder, "commit.json")).Replace("\"version\": 1", "\"version\": 2");
        await _protocol.Store.CreateAsync("runs/z/commit.json", Encoding.UTF8.GetBytes(text));
        Assert.Contains("version 2", (await Assert.ThrowsAsync<ForeignArtifactException>(() => _protocol.FindAsync("runs/z"))).Message);
    }

    /// <summary>A write may succeed and its answer get lost: the retry is told "exists already". The writer has won all the same, and its files must stay.</summary>
    [Fact]
    public async Task A_winner_that_is_told_it_came_second_keeps_its_files()
    {
        var protocol = new CommitProtocol(new LostAnswers(_protocol.Store));
        var commit = await protocol.CommitAsync("runs/x", "segment/0", "spec", new Dictionary<string, CommitReference>(), new Dictionary<string, byte[]> { ["a.bin"] = "weights"u8.ToArray() }, new Result(1));
        Assert.Equal("weights"u8.ToArray(), await protocol.ReadAsync(commit.File("a.bin")));
    }

    /// <summary>Every creation happens and is answered as if somebody else had been first.</summary>
    private sealed class LostAnswers(IArtifactStore inner) : DelegatingStore(inner)
    {
        public override async Task<bool> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default)
        {
            await base.CreateAsync(name, content, cancellation);
            return false;
        }
    }

    /// <summary>What is made again from other parents takes the place of what was made before; what is made again to the bit is the same record.</summary>
    [Fact]
    public async Task A_result_of_other_parents_is_put_aside_and_an_equal_one_is_the_same()
    {
        Task<CommitReference> MadeFromAsync(CommitReference parent) => _protocol.CommitAsync("runs/x/child", "segment/1", "spec", new Dictionary<string, CommitReference> { ["segment"] = parent },
            new Dictionary<string, byte[]> { ["a.bin"] = "weights"u8.ToArray() }, new Result(2));
        var first = await CommitAsync("one", 1);
        var child = await MadeFromAsync(first);
        Assert.Equal(child.Hash, (await MadeFromAsync(first)).Hash);
        var other = await _protocol.CommitAsync("runs/y", "segment/0", "spec", new Dictionary<string, CommitReference>(), new Dictionary<string, byte[]>(), new Result(1));
        Assert.Null(await _protocol.FindAsync("runs/x/child", new Dictionary<string, CommitReference> { ["segment"] = other }));
        var again = await MadeFromAsync(other);
        Assert.Equal(other.Hash, again.Commit.Parents["segment"]);
        Assert.Single(await _protocol.Store.ListAsync("runs/x/child/damaged-"));

        // A record that was lost and made again leaves everything made from it valid.
        await _protocol.Store.DeleteAsync("runs/x/child/commit.json");
        Assert.Equal(again.Hash, (await MadeFromAsync(other)).Hash);
    }

    [Fact]
    public async Task A_file_that_was_damaged_before_its_commit_is_written_anew()
    {
        var commit = await CommitAsync("some weights", 1);
        await _protocol.Store.DeleteAsync("runs/x/commit.json");
        var name = commit.File("a.bin").Name;
        await _protocol.Store.ReplaceAsync(name, "some"u8.ToArray(), (await _protocol.Store.ReadAsync(name))!.Version);
        Assert.Equal("some weights"u8.ToArray(), await _protocol.ReadAsync((await CommitAsync("some weights", 1)).File("a.bin")));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private Task<CommitReference> CommitAsync(string content, int step) => _protocol.CommitAsync("runs/x", "segment/0", "spec",
        new Dictionary<string, CommitReference>(), new Dictionary<string, byte[]> { ["a.bin"] = Encoding.UTF8.GetBytes(content) }, new Result(step));
}
