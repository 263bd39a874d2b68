using System.Text;
using AlignGuard.Models;
using AlignGuard.Pipeline.Store;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Store;

/// <summary>What every kind of store promises; each kind runs all of it.</summary>
public abstract class ArtifactStoreSuite
{
    /// <summary>An empty one.</summary>
    protected abstract IArtifactStore Store { get; }

    [Fact]
    public async Task Of_many_writers_of_one_name_exactly_one_wins_and_its_content_stays()
    {
        var won = await Task.WhenAll(Enumerable.Range(0, 32).Select(n => Task.Run(async () => (Number: n, Won: await Store.CreateAsync("a/b/commit.json", Bytes($"writer {n}"))))));
        var winner = Assert.Single(won, w => w.Won);
        Assert.Equal($"writer {winner.Number}", Encoding.UTF8.GetString((await Store.ReadAsync("a/b/commit.json"))!.Content));
    }

    [Fact]
    public async Task A_replacement_needs_the_version_it_replaces()
    {
        Assert.True(await Store.ReplaceAsync("models/x/current.json", Bytes("1"), null));
        Assert.False(await Store.ReplaceAsync("models/x/current.json", Bytes("2"), null));
        var held = await Store.ReadAsync("models/x/current.json");
        Assert.True(await Store.ReplaceAsync("models/x/current.json", Bytes("2"), held!.Version));
        Assert.False(await Store.ReplaceAsync("models/x/current.json", Bytes("3"), held.Version));
        Assert.Equal("2", Encoding.UTF8.GetString((await Store.ReadAsync("models/x/current.json"))!.Content));
    }

    [Fact]
    public async Task Of_many_replacements_of_one_version_exactly_one_happens()
    {
        await Store.CreateAsync("current.json", Bytes("0"));
        var version = (await Store.ReadAsync("current.json"))!.Version;
        var done = await Task.WhenAll(Enumerable.Range(1, 16).Select(n => Task.Run(() => Store.ReplaceAsync("current.json", Bytes($"{n}"), version))));
        Assert.Single(done, d => d);
    }

    [Fact]
    public async Task Listing_gives_every_name_below_a_prefix_and_no_temporary_file()
    {
        foreach (var name in new[] { "runs/a/2.json", "runs/a/1.json", "runs/ab/1.json", "other/1.json" }) await Store.CreateAsync(name, Bytes("x"));
        Assert.Equal(["runs/a/1.json", "runs/a/2.json"], await Store.ListAsync("runs/a/"));
        Assert.Equal(4, (await Store.ListAsync("")).Count);
        Assert.Empty(await Store.ListAsync("absent/"));
    }

    [Fact]
    public async Task What_is_appended_stands_at_the_end()
    {
        await Store.AppendAsync("events.jsonl", Bytes("one\n"));
        await Store.AppendAsync("events.jsonl", Bytes("two\n"));
        Assert.Equal("one\ntwo\n", Encoding.UTF8.GetString((await Store.ReadAsync("events.jsonl"))!.Content));
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
        await Assert.ThrowsAsync<UserFaultException>(() => Store.CreateAsync(name, Bytes("x")));

    [Fact]
    public async Task What_was_written_is_read_back_whole_whatever_its_size()
    {
        foreach (var size in new[] { 0, 1, 100_000, 20_000_000 })
        {
            var content = new byte[size];
            new Random(size).NextBytes(content);
            Assert.True(await Store.CreateAsync($"sizes/{size}.bin", content));
            Assert.Equal(content, (await Store.ReadAsync($"sizes/{size}.bin"))!.Content);
        }
        Assert.Null(await Store.ReadAsync("sizes/absent.bin"));
    }

    [Fact]
    public async Task A_deleted_blob_is_gone_and_deleting_nothing_is_nothing()
    {
        await Store.CreateAsync("a/b.json", Bytes("x"));
        await Store.DeleteAsync("a/b.json");
        await Store.DeleteAsync("a/b.json");
        Assert.Null(await Store.ReadAsync("a/b.json"));
        Assert.Empty(await Store.ListAsync(""));
        Assert.True(await Store.CreateAsync("a/b.json", Bytes("y")));
    }

    [Fact]
    public async Task A_log_can_be_cut_by_whoever_read_it_last_and_appended_to_again()
    {
        await Store.AppendAsync("events.jsonl", Bytes("one\ntwo\nthr"));
        var held = (await Store.ReadAsync("events.jsonl"))!;
        Assert.True(await Store.ReplaceAsync("events.jsonl", Bytes("one\ntwo\n"), held.Version));
        Assert.False(await Store.ReplaceAsync("events.jsonl", Bytes("one\n"), held.Version));
        await Store.AppendAsync("events.jsonl", Bytes("three\n"));
        Assert.Equal("one\ntwo\nthree\n", Encoding.UTF8.GetString((await Store.ReadAsync("events.jsonl"))!.Content));
    }

    protected static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
