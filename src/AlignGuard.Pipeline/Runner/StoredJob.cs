using AlignGuard.Domain.Spec;
using AlignGuard.Models;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Runner;

/// <summary>The job of a run, from the store alone.</summary>
public static class StoredJob
{
    /// <exception cref="UserFaultException">There is no such run, or this program no longer reads its job.</exception>
    public static async Task<Job> ReadAsync(IArtifactStore store, string runId)
    {
        var pinned = await PinnedRun.FindAsync(store, runId) ?? throw new UserFaultException([$"There is no run '{runId}' in {store.Location}."]);
        var parsed = JobFile.Parse(pinned.Job.GetRawText(), PinnedRun.Name(runId), []);
        if (!parsed.IsValid) throw new UserFaultException([.. parsed.Problems.Select(p => p.ToString())]);
        var job = new Job(parsed.Spec!.Value, pinned.JobFolder ?? Environment.CurrentDirectory, []);
        return job.RunId == runId ? job : throw new UserFaultException([$"Run {runId} was begun by another version of the program, which knew other keys; with this one its job is run {job.RunId}. Begin it anew from its job file."]);
    }
}
