using AlignGuard.Domain.Spec;
using AlignGuard.Models;

namespace AlignGuard.Pipeline.Runner;

/// <summary>A job as read: what it says, and where its relative paths begin.</summary>
/// <param name="Spec">Paths as written.</param>
/// <param name="Folder">Folder of the job file.</param>
public sealed record Job(JobSpec Spec, string Folder, IReadOnlyList<string> Warnings)
{
    /// <summary>The version (ETag) of the blobs that it was accepted with, by their references; what is not named here is pinned when the run begins.</summary>
    public IReadOnlyDictionary<string, string> Sources { get; init; } = new Dictionary<string, string>();

    /// <summary>The same with every path absolute.</summary>
    public JobSpec Resolved => JobFile.MapPaths(Spec, path => Path.GetFullPath(path, Folder));

    /// <summary>Names the run: the same job is the same run, wherever it is started from.</summary>
    public string RunId => $"{Spec.Name}-{JobFile.Hash(Spec)[..10]}";
}

/// <summary>Reads job files; everything wrong with one is reported at once.</summary>
public static class JobFileReader
{
    /// <param name="overrides"><c>key.path=value</c> each.</param>
    /// <exception cref="UserFaultException">All problems of the file and the overrides.</exception>
    public static Job Read(string path, IEnumerable<string> overrides)
    {
        if (!File.Exists(path)) throw new UserFaultException([$"There is no job file {path}. `alignguard demo` shows one at work; samples/demo-job.yaml is that job."]);
        return Of(JobFile.ParseUtf8(File.ReadAllBytes(path), path, overrides), Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <param name="folder">Where relative paths begin.</param>
    /// <exception cref="UserFaultException">All problems of what was parsed.</exception>
    public static Job Of(ParsedJob parsed, string folder) =>
        parsed.IsValid ? new Job(parsed.Spec!.Value, folder, [.. parsed.Warnings.Select(w => w.ToString())]) : throw new UserFaultException([.. parsed.Problems.Select(p => p.ToString())]);
}
