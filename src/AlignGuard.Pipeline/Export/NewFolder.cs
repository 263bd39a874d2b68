using AlignGuard.Models;

namespace AlignGuard.Pipeline.Export;

/// <summary>Where something is exported to: nothing is written over.</summary>
internal static class NewFolder
{
    /// <exception cref="UserFaultException">There is something in it.</exception>
    public static void Require(string target)
    {
        if (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any()) throw new UserFaultException([$"{target} is not empty: name a new folder."]);
    }
}
