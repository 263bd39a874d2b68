using AlignGuard.Pipeline.Store;
using AlignGuard.Server.Triggers;
using Xunit;

namespace AlignGuard.Server.Tests.Triggers;

/// <summary>A blob is one blob, by whatever address it is watched.</summary>
public class WatchedSourceTests
{
    private const string Version = "\"0x1\"";

    [Fact]
    public void Watched_by_several_addresses_a_manifest_starts_once()
    {
        var folder = Directory.CreateTempSubdirectory("alignguard-watched-").FullName;
        var store = new FolderStore(folder);
        var whole = Key(WatchedSource.Blobs("store://azurite/data", store), "team/x/_READY.json");
        Assert.Equal(whole, Key(WatchedSource.Blobs("store://azurite/data/team", store), "x/_READY.json"));
        Assert.Equal(whole, Key(WatchedSource.Blobs("store://devstoreaccount1/data/team/x/", store), "_READY.json"));
        Assert.NotEqual(whole, Key(WatchedSource.Blobs("store://azurite/other/team", store), "x/_READY.json"));

        Directory.CreateDirectory(Path.Combine(folder, "team"));
        Assert.Equal(Key(WatchedSource.Folder(folder), "team/_READY.json"), Key(WatchedSource.Folder(Path.Combine(folder, "team")), "_READY.json"));
        Directory.Delete(folder, recursive: true);
    }

    private static string Key(WatchedSource source, string name) => TriggerLedger.Key(source, name, Version);
}
