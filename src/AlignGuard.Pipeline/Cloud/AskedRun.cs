using System.Text.Json;
using AlignGuard.Domain.Spec;
using AlignGuard.Models;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Cloud;

/// <summary><c>runs/{runId}/request.json</c>: the job of a run that was asked for, written before its orchestration is started. Once the run is pinned, what was pinned counts.</summary>
/// <param name="Folder">Where the job's relative paths begin; of jobs from outside none is relative.</param>
public sealed record AskedRun(int Version, JsonElement Job, string Folder)
{
    public const int CurrentVersion = 1;

    private static string Name(string runId) => $"runs/{runId}/request.json";

    /// <summary>Asking twice is asking once: the same id is the same job.</summary>
    public static Task WriteAsync(IArtifactStore store, Job job, CancellationToken cancellation = default) =>
        store.CreateAsync(Name(job.RunId), CommitProtocol.ToJson(new AskedRun(CurrentVersion, JsonDocument.Parse(JobFile.Serialise(job.Spec)).RootElement, job.Folder)), cancellation);

    /// <exception cref="UserFaultException">There is no such run, or this program does not read its job.</exception>
    public static async Task<Job> ReadAsync(IArtifactStore store, string runId)
    {
        if (await PinnedRun.FindAsync(store, runId) is not null) return await StoredJob.ReadAsync(store, runId);
        var blob = await store.ReadAsync(Name(runId)) ?? throw new UserFaultException([$"There is no run '{runId}' in {store.Location}."]);
        var asked = CommitProtocol.FromJson<AskedRun>(blob.Content);
        if (asked.Version > CurrentVersion) throw new UserFaultException([$"{Name(runId)} has version {asked.Version}; this program reads up to {CurrentVersion}. Use the newer program that wrote it."]);
        var parsed = JobFile.Parse(asked.Job.GetRawText(), Name(runId), []);
        if (!parsed.IsValid) throw new UserFaultException([.. parsed.Problems.Select(p => p.ToString())]);
        var job = new Job(parsed.Spec!.Value, asked.Folder, []);
        return job.RunId == runId ? job : throw new UserFaultException([$"Run {runId} was asked for by another version of the program, which knew other keys; with this one its job is run {job.RunId}. Ask for it anew."]);
    }
}
