using System.IO.Enumeration;
using AlignGuard.Models;

namespace AlignGuard.Evaluation.Benchmark;

/// <summary>Which of a source's prompts are taken.</summary>
public enum SourceUse
{
    /// <summary><c>--source</c>: all, as the rows or the format label them.</summary>
    AsLabelled,

    /// <summary><c>--safe</c>: of rows with labels the safe ones; rows without labels are safe.</summary>
    Safe,

    /// <summary><c>--unsafe</c>: of rows with labels the unsafe ones; rows without labels are unsafe.</summary>
    Unsafe,
}

/// <summary>A file of prompts, or a folder that is read whole.</summary>
public sealed record BenchmarkSource(string Path, SourceUse Use)
{
    /// <summary>
    /// The files with their names. A folder's come in ordinal order of their paths in it, whatever the file system says; what is not named as a file of prompts is left alone there.
    /// </summary>
    /// <exception cref="UserFaultException">There is no such file or folder, or the folder holds no files of prompts.</exception>
    internal IReadOnlyList<(string Path, string Name)> Files()
    {
        if (File.Exists(Path)) return [(Path, System.IO.Path.GetFileName(Path))];
        if (!Directory.Exists(Path)) throw new UserFaultException($"{Path}: there is no such file or folder of prompts.");
        try
        {
            var root = System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(Path)));
            var files = Under(Path).Where(SourceFile.IsSource)
                .Select(f => (Path: f, Name: $"{root}/{System.IO.Path.GetRelativePath(Path, f).Replace('\\', '/')}"))
                .OrderBy(f => f.Name, StringComparer.Ordinal).ToList();
            return files.Count > 0 ? files : throw new UserFaultException($"{Path}: the folder holds no files of prompts (.csv, .json, .jsonl, .txt, each perhaps with .gz).");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserFaultException($"{Path}: can not be read ({e.Message}): correct its permissions.", e);
        }
    }

    /// <summary>All files below a folder. Links to files are files; links to folders are not followed, since one may lead back up.</summary>
    private static FileSystemEnumerable<string> Under(string folder) =>
        new(folder, (ref FileSystemEntry entry) => entry.ToSpecifiedFullPath(), new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.IsDirectory,
            ShouldRecursePredicate = (ref FileSystemEntry entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        };
}
