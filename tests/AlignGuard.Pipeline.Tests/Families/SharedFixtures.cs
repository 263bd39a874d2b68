using Xunit;

namespace AlignGuard.Pipeline.Tests.Families;

/// <summary>Reference dumps that are not part of the repository.</summary>
internal static class SharedFixtures
{
    /// <summary>Of a subfolder of <c>shared/</c>; the running test is skipped where it is absent.</summary>
    public static string Folder(string name = "fixtures")
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Path.Combine(folder.FullName, "shared", name) is var candidate && Directory.Exists(candidate)) return candidate;
        Skip.If(true, $"shared/{name} is not beside the repository.");
        throw new InvalidOperationException();
    }
}
