namespace AlignGuard.Infrastructure.Tests.Support;

/// <summary>Files of the repository that the tests were built from.</summary>
internal static class Repository
{
    public static readonly string Root = FindRoot();

    public static string Path(string relative) => System.IO.Path.Combine(Root, relative);

    public static string Text(string relative) => File.ReadAllText(Path(relative));

    /// <summary>True once the cloud hosts are in the repository: what names them can be held to it only then.</summary>
    public static bool HasHosts => Directory.EnumerateFiles(Path("functions"), "*.csproj", SearchOption.AllDirectories).Any();

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "AlignGuard.Pipeline.sln"))) return folder.FullName;
        throw new DirectoryNotFoundException("AlignGuard.Pipeline.sln is in no folder above the tests.");
    }
}
