using AlignGuard.Models;
using AlignGuard.Pipeline.Store;
using AlignGuard.Server.Runs;

namespace AlignGuard.Server.Triggers;

/// <summary>A folder or blob container that is watched for manifests.</summary>
/// <param name="Id">What references to its blobs begin with: <c>store://ACCOUNT/CONTAINER[/PREFIX]</c>, or the folder's absolute path.</param>
/// <param name="Store">To look into it; nothing is ever written there.</param>
/// <param name="Container">Null for a folder.</param>
/// <param name="Prefix">Below the container, with '/' at its end; empty = all of it.</param>
public sealed record WatchedSource(string Id, IArtifactStore Store, string? Account, string? Container, string Prefix)
{
    /// <summary>Blobs below <c>store://ACCOUNT/CONTAINER[/PREFIX]</c>.</summary>
    public static WatchedSource Blobs(string address, IArtifactStore store)
    {
        var (account, container, prefix) = Parse(address) ?? throw new UserFaultException($"watch: {address} is not store://ACCOUNT/CONTAINER[/PREFIX].");
        return new WatchedSource(address.TrimEnd('/'), store, account, container, prefix);
    }

    public static WatchedSource Folder(string path) => new(Path.GetFullPath(path), new FolderStore(path, lookOnly: true), null, null, "");

    /// <exception cref="UserFaultException">There is no such container.</exception>
    /// <exception cref="StoreException">It cannot be reached.</exception>
    public static async Task<WatchedSource> OpenAsync(string address) =>
        address.StartsWith(StoreAddress.Scheme, StringComparison.Ordinal) ? Blobs(address, await StoreAddress.OpenAsync(address, lookOnly: true)) : Folder(address);

    /// <summary>What is wrong with an address, before anything is opened.</summary>
    internal static IEnumerable<string> Problems(string address)
    {
        if (address.Contains("://", StringComparison.Ordinal))
        {
            if (Parse(address) is null) yield return $"watch: {address} is no address of a container. A folder or store://ACCOUNT/CONTAINER[/PREFIX] is expected.";
        }
        else if (!Directory.Exists(address)) yield return $"watch: there is no folder {address}. Create it, or name another.";
    }

    /// <summary>How a job refers to a blob of this source.</summary>
    internal string Reference(string name) => Container is null ? Path.Combine(Id, name) : $"{Id}/{name}";

    /// <summary>Container and full name of a blob, the same by whatever address and prefix it is watched: what starts are counted by.</summary>
    internal (string Container, string Blob) Identity(string name) => Container is null
        ? ("folder", Path.Combine(Id, name).Replace('\\', '/'))
        : ($"{StoreAddress.AccountOf(Account!)}/{Container}", Prefix + name);

    /// <summary>Null where a name stays inside. A link in a watched folder leads out of it as well as '..' does.</summary>
    internal string? LinkProblem(string name)
    {
        if (Container is not null) return null;
        var path = Id;
        foreach (var part in name.Split('/'))
        {
            path = Path.Combine(path, part);
            if (new FileInfo(path).LinkTarget is not null) return $"'{name}' is, or lies below, a link, which points outside its container. Put the file itself there.";
        }
        return null;
    }

    /// <summary>Bytes; null where it is not known before it is read.</summary>
    internal long? Length(string name) => Container is null && new FileInfo(Path.Combine(Id, name)) is { Exists: true } file ? file.Length : null;

    internal static (string Account, string Container, string Prefix)? Parse(string address)
    {
        // The parser of references wants a path: the prefix is one, and where there is none any will do.
        var trimmed = address.TrimEnd('/');
        var hasPrefix = trimmed.Split('/').Length > 4;
        if (StoreReference.Parse(hasPrefix ? trimmed : trimmed + "/x", out _) is not { } reference) return null;
        return (reference.Account, reference.Container, hasPrefix ? reference.Path + "/" : "");
    }
}
