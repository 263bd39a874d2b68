using AlignGuard.Models;
using AlignGuard.Pipeline.Store;
using FsCheck.Xunit;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Store;

public sealed class FolderStoreTests : ArtifactStoreSuite, IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("alignguard-store-").FullName;
    private readonly FolderStore _store;

    public FolderStoreTests() => _store = new FolderStore(_root);

    protected override IArtifactStore Store => _store;

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

}
