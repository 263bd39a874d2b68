using AlignGuard.Models;

namespace AlignGuard.Pipeline.Export;

/// <summary>An adapter as a folder that peft opens.</summary>
public static class AdapterFolder
{
    /// <param name="target">New, or empty.</param>
    /// <exception cref="UserFaultException">It is not empty.</exception>
    public static void Write(AdapterSource adapter, string target)
    {
        NewFolder.Require(target);
        foreach (var (name, content) in adapter.Files) AtomicFile.Write(Path.Combine(target, name), stream => stream.Write(content));
    }
}
