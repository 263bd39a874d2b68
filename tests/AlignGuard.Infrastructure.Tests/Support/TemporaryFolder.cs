namespace AlignGuard.Infrastructure.Tests.Support;

/// <summary>A folder that goes with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string FullName { get; } = Directory.CreateTempSubdirectory("alignguard-infrastructure-").FullName;

    public string File(string name) => Path.Combine(FullName, name);

    /// <summary>Copies a file or folder of the repository to the same place below this one.</summary>
    public void Take(string relative)
    {
        var source = Repository.Path(relative);
        var files = Directory.Exists(source) ? Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories) : [source];
        foreach (var file in files)
        {
            var target = File(Path.GetRelativePath(Repository.Root, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            System.IO.File.Copy(file, target, overwrite: true);
        }
    }

    public void Dispose() => Directory.Delete(FullName, recursive: true);
}
