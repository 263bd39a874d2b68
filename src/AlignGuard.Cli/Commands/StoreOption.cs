using AlignGuard.Models;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Cli.Commands;

/// <summary>The store that <c>--store</c> names.</summary>
internal static class StoreOption
{
    /// <summary>For commands that only look: a mistyped path must not become a new, empty store.</summary>
    /// <exception cref="UserFaultException">There is no such folder.</exception>
    public static IArtifactStore Existing(string path) => Directory.Exists(path)
        ? new FolderStore(path, lookOnly: true)
        : throw new UserFaultException([$"There is no store {path}. Name the folder that `alignguard run` was given with --store."]);
}
