using AlignGuard.Domain.Spec;
using AlignGuard.Models;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Data;

/// <summary>
/// Data, prompts and models that a job names by <c>store://ACCOUNT/CONTAINER/PATH</c>, brought to this machine. Every blob is read as one version, and a run that was begun with other versions is refused:
/// what is trained on must not change under a run.
/// </summary>
public static class StoreSources
{
    /// <summary>Environment variable that names the folder for copies. Default: <c>alignguard</c> below the user's cache folder.</summary>
    public const string CacheVariable = "ALIGNGUARD_CACHE";

    // Bytes of a range: large enough that few requests are made, small enough to hold.
    private const int Range = 8 << 20;

    /// <param name="spec">With resolved paths.</param>
    /// <param name="pinned">Versions that the run was begun with, by reference; empty for a new run.</param>
    /// <returns>The job with local paths in place of references, and the versions read.</returns>
    /// <exception cref="UserFaultException">A blob is not there, or another version than the run was begun with: all of them at once.</exception>
    public static async Task<(JobSpec Local, IReadOnlyDictionary<string, string> Versions)> FetchAsync(JobSpec spec, IReadOnlyDictionary<string, string> pinned, CancellationToken cancellation)
    {
        var references = References(spec).Distinct().ToList();
        var (paths, versions, problems) = (new Dictionary<string, string>(), new Dictionary<string, string>(), new List<string>());
        foreach (var reference in references)
        {
            try
            {
                paths[reference] = reference == spec.Model ? await FolderAsync(reference, pinned, versions, cancellation) : await FileAsync(reference, pinned, versions, cancellation);
            }
            catch (UserFaultException e)
            {
                problems.AddRange(e.Problems);
            }
        }
        if (problems.Count > 0) throw new UserFaultException(problems);
        return (JobFile.MapReferences(spec, reference => paths.GetValueOrDefault(reference, reference)), versions);
    }

    private static IEnumerable<string> References(JobSpec spec)
    {
        var found = new List<string>();
        JobFile.MapReferences(spec, reference =>
        {
            if (reference.StartsWith(StoreAddress.Scheme, StringComparison.Ordinal)) found.Add(reference);
            return reference;
        });
        return found;
    }

    private static async Task<string> FileAsync(string reference, IReadOnlyDictionary<string, string> pinned, Dictionary<string, string> versions, CancellationToken cancellation)
    {
        var (container, name) = StoreAddress.Split(reference);
        if (name.Length == 0) throw new UserFaultException([$"{reference} names a container, not a blob in it: {StoreAddress.Scheme}ACCOUNT/CONTAINER/PATH is expected."]);
        return await FileAsync(await StoreAddress.OpenAsync(container, lookOnly: true), name, reference, pinned, versions, CacheFolder("sources"), cancellation);
    }

    /// <summary>A model is a folder of blobs.</summary>
    private static async Task<string> FolderAsync(string reference, IReadOnlyDictionary<string, string> pinned, Dictionary<string, string> versions, CancellationToken cancellation)
    {
        var (container, prefix) = StoreAddress.Split(reference);
        var store = await StoreAddress.OpenAsync(container, lookOnly: true);
        var names = (await store.ListAsync(prefix.Length == 0 ? "" : prefix + "/", cancellation)).Where(n => n.IndexOf('/', prefix.Length + 1) < 0).ToList();
        if (names.Count == 0) throw new UserFaultException([$"{reference} holds no files; a model folder with config.json is expected."]);
        var mine = new Dictionary<string, string>();
        var files = new List<string>();
        foreach (var name in names) files.Add(await FileAsync(store, name, $"{container}/{name}", pinned, mine, CacheFolder("sources"), cancellation));
        foreach (var (key, version) in mine) versions[key] = version;
        var folder = Path.Combine(CacheFolder("models"), Key(mine.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => $"{v.Key} {v.Value}")));
        Directory.CreateDirectory(folder);
        foreach (var (name, file) in names.Zip(files))
        {
            var link = Path.Combine(folder, name.Split('/')[^1]);
            if (!File.Exists(link)) AtomicFile.Write(link, stream => { using var content = File.OpenRead(file); content.CopyTo(stream); });
        }
        return folder;
    }

    private static async Task<string> FileAsync(IArtifactStore store, string name, string reference, IReadOnlyDictionary<string, string> pinned, Dictionary<string, string> versions, string folder, CancellationToken cancellation)
    {
        var wanted = pinned.GetValueOrDefault(reference);
        try
        {
            var first = await store.ReadRangeAsync(name, 0, Range, wanted, cancellation) ?? throw new UserFaultException([$"{reference}: there is no such blob."]);
            versions[reference] = first.Version;
            var path = Path.Combine(folder, Key([reference, first.Version]) + Kind(name));
            if (!File.Exists(path)) await CopyAsync(store, name, first, path, cancellation);
            return path;
        }
        catch (BlobChangedException)
        {
            throw new UserFaultException([wanted is null
                ? $"{reference}: it was written to while it was read. Start the run when the data are complete."
                : $"{reference}: data changed since the run began (its version was {wanted}). Restore that version, or give the job another name to begin anew."]);
        }
    }

    /// <summary>Range by range, each of the version of the first: a blob of any size in bounded memory, and never half of one and half of another.</summary>
    private static async Task CopyAsync(IArtifactStore store, string name, StoredBlob first, string path, CancellationToken cancellation)
    {
        var temporary = $"{path}.{Guid.NewGuid():N}";
        try
        {
            await using (var file = File.Create(temporary))
            {
                await file.WriteAsync(first.Content, cancellation);
                for (var last = first; last.Content.Length == Range;)
                {
                    last = await store.ReadRangeAsync(name, file.Length, Range, first.Version, cancellation) ?? throw new BlobChangedException(name);
                    await file.WriteAsync(last.Content, cancellation);
                }
            }
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>What a copy's name ends in, so that it is read as what it is: the extension, and of a packed file the one before it too.</summary>
    internal static string Kind(string name) =>
        Path.GetExtension(name) is var last && last.Equals(".gz", StringComparison.OrdinalIgnoreCase) ? Path.GetExtension(name[..^last.Length]) + last : last;

    private static string CacheFolder(string kind)
    {
        var root = Environment.GetEnvironmentVariable(CacheVariable) is { Length: > 0 } named ? named
            : Emulation.AzuriteInstall.DefaultCache;
        return Directory.CreateDirectory(Path.Combine(root, kind)).FullName;
    }

    private static string Key(IEnumerable<string> parts) => Hashing.Sha256(System.Text.Encoding.UTF8.GetBytes(string.Join('\n', parts)))[..24];
}
