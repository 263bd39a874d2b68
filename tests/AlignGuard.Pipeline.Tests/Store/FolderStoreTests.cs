using System.Text;
using AlignGuard.Models;
using AlignGuard.Pipeline.Store;
using FsCheck.Xunit;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Store;

public sealed class FolderStoreTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("alignguard-store-").FullName;
    private readonly FolderStore _store;

    public FolderStoreTests() => _store = new FolderStore(_root);

    [Fact]
    public async Task Of_many_writers_of_one_name_exactly_one_wins_and_its_content_stays()
    {
        var won = await Task.WhenAll(Enumerable.Range(0, 32).Select(n => Task.Run(async () => (Number: n, Won: await _store.CreateAsync("a/b/commit.json", Bytes($"writer {n}"))))));
        var winner = Assert.Single(won, w => w.Won);
        Assert.Equal($"writer {winner.Number}", Encoding.UTF8.GetString((await _store.ReadAsync("a/b/commit.json"))!.Content));
    }

    [Fact]
    public async Task A_replacement_needs_the_version_it_replaces()
    {
        Assert.True(await _store.ReplaceAsync("models/x/current.json", Bytes("1"), null));
        Assert.False(await _store.ReplaceAsync("models/x/current.json", Bytes("2"), null));
        var held = await _store.ReadAsync("models/x/current.json");
        Assert.True(await _store.ReplaceAsync("models/x/current.json", Bytes("2"), held!.Version));
        Assert.False(await _store.ReplaceAsync("models/x/current.json", Bytes("3"), held.Version));
        Assert.Equal("2", Encoding.UTF8.GetString((await _store.ReadAsync("models/x/current.json"))!.Content));
    }

    [Fact]
    public async Task Of_many_replacements_of_one_version_exactly_one_happens()
    {
        await _store.CreateAsync("current.json", Bytes("0"));
        var version = (await _store.ReadAsync("current.json"))!.Version;
        var done = await Task.WhenAll(Enumerable.Range(1, 16).Select(n => Task.Run(() => _store.ReplaceAsync("current.json", Bytes($"{n}"), version))));
        Assert.Single(done, d => d);
    }

    [Fact]
    public async Task Listing_gives_every_name_below_a_prefix_and_no_temporary_file()
    {
        foreach (var name in new[] { "runs/a/2.json", "runs/a/1.json", "runs/ab/1.json", "other/1.json" }) await _store.CreateAsync(name, Bytes("x"));
        Assert.Equal(["runs/a/1.json", "runs/a/2.json"], await _store.ListAsync("runs/a/"));
        Assert.Equal(4, (await _store.ListAsync("")).Count);
        Assert.Empty(await _store.ListAsync("absent/"));
    }

    [Fact]
    public async Task What_is_appended_stands_at_the_end()
    {
        await _store.AppendAsync("events.jsonl", Bytes("one\n"));
        await _store.AppendAsync("events.jsonl", Bytes("two\n"));
        Assert.Equal("one\ntwo\n", Encoding.UTF8.GetString((await _store.ReadAsync("events.jsonl"))!.Content));
    }

    [Fact]
    public async Task Orphans_of_dead_processes_are_removed_and_those_of_the_living_kept()
    {
        var temporary = Path.Combine(_root, ".tmp");
        var host = string.Concat(Environment.MachineName.Where(char.IsAsciiLetterOrDigit));
        string[] kept = [$"{host}-{Environment.ProcessId}-mine", "elsewhere-999999999-perhapsalive"];
        foreach (var name in kept.Append($"{host}-999999999-orphan")) File.WriteAllText(Path.Combine(temporary, name), "x");
        _ = new FolderStore(_root, lookOnly: true);
        Assert.Equal(3, Directory.GetFiles(temporary).Length);
        _ = new FolderStore(_root);
        Assert.Equal(kept.Order(StringComparer.Ordinal), Directory.GetFiles(temporary).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Empty(await _store.ListAsync(""));
    }

    [Fact]
    public void A_file_in_the_folder_s_place_is_refused()
    {
        var file = Path.Combine(_root, "file");
        File.WriteAllText(file, "");
        Assert.Throws<UserFaultException>(() => new FolderStore(file));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/etc/passwd")]
    [InlineData("../outside")]
    [InlineData("a/../../outside")]
    [InlineData("a//b")]
    [InlineData("a/./b")]
    [InlineData("a\\..\\b")]
    [InlineData("C:/windows")]
    [InlineData("a/b.")]
    [InlineData("a/b ")]
    [InlineData("a\0b")]
    [InlineData("..%2foutside")]
    [InlineData("a/\u202Eb")]
    public async Task A_name_that_could_leave_the_store_is_refused(string name) =>
        await Assert.ThrowsAsync<UserFaultException>(() => _store.CreateAsync(name, Bytes("x")));

    /// <summary>Whatever the name: it is refused, or what was written lies inside the store.</summary>
    [Property(MaxTest = 300)]
    public bool No_name_leads_outside(string? name)
    {
        try
        {
            var path = Path.GetFullPath(Path.Combine(_root, BlobName.Check(name ?? "")));
            return path.StartsWith(_root + Path.DirectorySeparatorChar, StringComparison.Ordinal);
        }
        catch (UserFaultException)
        {
            return true;
        }
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
