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

    [SkippableFact]
    public async Task Of_many_writers_of_one_name_exactly_one_wins_and_its_content_stays()
    {
        var won = await Task.WhenAll(Enumerable.Range(0, 32).Select(n => Task.Run(async () => (Number: n, Won: await Store.CreateAsync("a/b/commit.json", Bytes($"writer {n}"))))));
        var winner = Assert.Single(won, w => w.Won);
        Assert.Equal($"writer {winner.Number}", Encoding.UTF8.GetString((await Store.ReadAsync("a/b/commit.json"))!.Content));
    }

    [SkippableFact]
    public async Task A_replacement_needs_the_version_it_replaces()
    {
        Assert.True(await Store.ReplaceAsync("models/x/current.json", Bytes("1"), null));
        Assert.False(await Store.ReplaceAsync("models/x/current.json", Bytes("2"), null));
        var held = await Store.ReadAsync("models/x/current.json");
        Assert.True(await Store.ReplaceAsync("models/x/current.json", Bytes("2"), held!.Version));
        Assert.False(await Store.ReplaceAsync("models/x/current.json", Bytes("3"), held.Version));
        Assert.Equal("2", Encoding.UTF8.GetString((await Store.ReadAsync("models/x/current.json"))!.Content));
    }

    [SkippableFact]
    public async Task Of_many_replacements_of_one_version_exactly_one_happens()
    {
        await Store.CreateAsync("current.json", Bytes("0"));
        var version = (await Store.ReadAsync("current.json"))!.Version;
        var done = await Task.WhenAll(Enumerable.Range(1, 16).Select(n => Task.Run(() => Store.ReplaceAsync("current.json", Bytes($"{n}"), version))));
        Assert.Single(done, d => d);
    }

    [SkippableFact]
    public async Task Listing_gives_every_name_below_a_prefix_and_no_temporary_file()
    {
        foreach (var name in new[] { "runs/a/2.json", "runs/a/1.json", "runs/ab/1.json", "other/1.json" }) await Store.CreateAsync(name, Bytes("x"));
        Assert.Equal(["runs/a/1.json", "runs/a/2.json"], await Store.ListAsync("runs/a/"));
        Assert.Equal(4, (await Store.ListAsync("")).Count);
        Assert.Empty(await Store.ListAsync("absent/"));
    }

    [SkippableFact]
    public virtual async Task What_is_appended_stands_at_the_end()
    {
        Assert.True(await Store.AppendAsync("events.jsonl", Bytes("one\n"), 0));
        Assert.True(await Store.AppendAsync("events.jsonl", Bytes("two\n"), 4));
        Assert.Equal("one\ntwo\n", Encoding.UTF8.GetString((await Store.ReadAsync("events.jsonl"))!.Content));
    }

    [SkippableFact]
    public virtual async Task Of_many_who_append_at_one_place_exactly_one_does()
    {
        Assert.False(await Store.AppendAsync("events.jsonl", Bytes("x"), 5));
        Assert.True(await Store.AppendAsync("events.jsonl", Bytes("start\n"), 0));
        var done = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(() => Store.AppendAsync("events.jsonl", Bytes($"{n}\n"), 6))));
        Assert.Equal(1, done.Count(d => d));
        Assert.Equal(8, (await Store.ReadAsync("events.jsonl"))!.Content.Length);
    }

    [SkippableFact]
    public async Task A_range_is_read_of_the_version_that_is_meant()
    {
        await Store.CreateAsync("data.bin", Bytes("0123456789"));
        var first = (await Store.ReadRangeAsync("data.bin", 0, 4, null))!;
        Assert.Equal("0123", Encoding.UTF8.GetString(first.Content));
        Assert.Equal("89", Encoding.UTF8.GetString((await Store.ReadRangeAsync("data.bin", 8, 4, first.Version))!.Content));
        Assert.Empty((await Store.ReadRangeAsync("data.bin", 10, 4, first.Version))!.Content);
        Assert.Null(await Store.ReadRangeAsync("absent.bin", 0, 4, null));
        await Store.ReplaceAsync("data.bin", Bytes("something else"), (await Store.ReadAsync("data.bin"))!.Version);
        await Assert.ThrowsAsync<BlobChangedException>(() => Store.ReadRangeAsync("data.bin", 4, 4, first.Version));
    }

    [SkippableFact]
    public async Task A_version_that_is_no_longer_there_is_not_deleted()
    {
        await Store.CreateAsync("a.json", Bytes("x"));
        var old = (await Store.ReadAsync("a.json"))!.Version;
        Assert.True(await Store.ReplaceAsync("a.json", Bytes("y"), old));
        await Store.DeleteAsync("a.json", old);
        Assert.NotNull(await Store.ReadAsync("a.json"));
        await Store.DeleteAsync("a.json", (await Store.ReadAsync("a.json"))!.Version);
        Assert.Null(await Store.ReadAsync("a.json"));
    }

    [SkippableFact]
    public async Task A_lease_is_one_s_alone_until_it_is_given_back()
    {
        var lease = await Store.TryLeaseAsync("runs/a/lock", "first", TimeSpan.FromSeconds(15));
        Assert.NotNull(lease);
        Assert.Null(await Store.TryLeaseAsync("runs/a/lock", "second", TimeSpan.FromSeconds(15)));
        Assert.Equal("first", Encoding.UTF8.GetString((await Store.ReadAsync("runs/a/lock"))!.Content));
        Assert.True(await lease.RenewAsync());
        await lease.DisposeAsync();
        await using var next = await Store.TryLeaseAsync("runs/a/lock", "second", TimeSpan.FromSeconds(15));
        Assert.NotNull(next);
    }

    [SkippableTheory]
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
    public async Task A_name_that_could_leave_the_store_is_refused(string name)
    {
        var store = Store;
        await Assert.ThrowsAsync<UserFaultException>(() => store.CreateAsync(name, Bytes("x")));
    }

    [SkippableFact]
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

    [SkippableFact]
    public async Task A_deleted_blob_is_gone_and_deleting_nothing_is_nothing()
    {
        await Store.CreateAsync("a/b.json", Bytes("x"));
        await Store.DeleteAsync("a/b.json");
        await Store.DeleteAsync("a/b.json");
        Assert.Null(await Store.ReadAsync("a/b.json"));
        Assert.Empty(await Store.ListAsync(""));
        Assert.True(await Store.CreateAsync("a/b.json", Bytes("y")));
    }

    [SkippableFact]
    public virtual async Task A_log_can_be_cut_by_whoever_read_it_last_and_appended_to_again()
    {
        Assert.True(await Store.AppendAsync("events.jsonl", Bytes("one\ntwo\nthr"), 0));
        var held = (await Store.ReadAsync("events.jsonl"))!;
        Assert.True(await Store.ReplaceAsync("events.jsonl", Bytes("one\ntwo\n"), held.Version));
        Assert.False(await Store.ReplaceAsync("events.jsonl", Bytes("one\n"), held.Version));
        Assert.True(await Store.AppendAsync("events.jsonl", Bytes("three\n"), 8));
        Assert.Equal("one\ntwo\nthree\n", Encoding.UTF8.GetString((await Store.ReadAsync("events.jsonl"))!.Content));
    }

    protected static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
