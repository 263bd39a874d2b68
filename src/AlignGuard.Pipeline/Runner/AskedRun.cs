using System.Text.Json;
using AlignGuard.Domain.Spec;
using AlignGuard.Models;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Runner;

/// <summary>
/// <c>runs/{runId}/request.json</c>: the job of a run that was asked for, written before whoever does the work (a process of its own, an orchestration) is started with nothing but the run's id. Once the
/// run is pinned, what was pinned counts.
/// </summary>
/// <param name="Folder">Where the job's relative paths begin; of jobs from outside none is relative.</param>
public sealed record AskedRun(int Version, JsonElement Job, string Folder)
{
    public const int CurrentVersion = 1;

    /// <summary>The version (ETag) of the blobs that it was accepted with, by their references.</summary>
    public IReadOnlyDictionary<string, string> Sources { get; init; } = new Dictionary<string, string>();

    private static string Name(string runId) => $"runs/{runId}/request.json";

    /// <summary>Asking twice is asking once: the same id is the same job.</summary>
    public static Task WriteAsync(IArtifactStore store, Job job, CancellationToken cancellation = default) =>
        store.CreateAsync(Name(job.RunId), CommitProtocol.ToJson(new AskedRun(CurrentVersion, JsonDocument.Parse(JobFile.Serialise(job.Spec)).RootElement, job.Folder) { Sources = job.Sources }), cancellation);

    /// <summary>Null = nobody asked for it.</summary>
    /// <exception cref="UserFaultException">This program does not read it.</exception>
    public static async Task<Job?> FindAsync(IArtifactStore store, string runId)
    {
        if (await store.ReadAsync(Name(runId)) is not { } blob) return null;
        var asked = CommitProtocol.FromJson<AskedRun>(blob.Content);
        if (asked.Version > CurrentVersion) throw new UserFaultException([$"{Name(runId)} has version {asked.Version}; this program reads up to {CurrentVersion}. Use the newer program that wrote it."]);
        return StoredJob.Parse(asked.Job, Name(runId), runId, asked.Folder) with { Sources = asked.Sources };
    }
}
