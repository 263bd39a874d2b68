using Xunit;

namespace AlignGuard.Models.Tests;

/// <summary>Reference dumps and data sets that are not part of the repository: <c>shared/</c> beside its root.</summary>
public static class SharedFolder
{
    /// <summary>The folder <c>shared/{name}</c>; skips the running test where it is absent.</summary>
    public static string Get(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "AlignGuard.Pipeline.sln"))) continue;
            var path = Path.Combine(folder.FullName, "..", "shared", name);
            Skip.IfNot(Directory.Exists(path), $"shared/{name} is not beside the repository.");
            return Path.GetFullPath(path);
        }
        throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}

/// <summary>A folder of its own for one test.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("alignguard-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public string Write(string name, string text)
    {
        System.IO.File.WriteAllText(File(name), text);
        return File(name);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
