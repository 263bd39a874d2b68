using System.Text.Json;
using AlignGuard.Domain.Spec;
using AlignGuard.Models;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Runner;

/// <summary>The job of a run, from the store alone: as it was pinned, or as it was asked for where it has not begun.</summary>
public static class StoredJob
{
    /// <exception cref="UserFaultException">There is no such run, or this program no longer reads its job.</exception>
    public static async Task<Job> ReadAsync(IArtifactStore store, string runId)
    {
        if (await PinnedRun.FindAsync(store, runId) is { } pinned)
            return Parse(pinned.Job, PinnedRun.Name(runId), runId, pinned.JobFolder ?? Environment.CurrentDirectory) with { Sources = pinned.Sources };
        return await AskedRun.FindAsync(store, runId) ?? throw new UserFaultException([$"There is no run '{runId}' in {store.Location}."]);
    }

    internal static Job Parse(JsonElement text, string source, string runId, string folder)
    {
        // What its author was told once is no news now.
        var job = JobFileReader.Of(JobFile.Parse(text.GetRawText(), source, []), folder) with { Warnings = [] };
        return job.RunId == runId ? job
            : throw new UserFaultException([$"Run {runId} was begun by another version of the program, which knew other keys; with this one its job is run {job.RunId}. Begin it anew from its job file."]);
    }
}
