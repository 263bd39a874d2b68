using AlignGuard.Domain.Spec;
using AlignGuard.Models;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Activities;

/// <summary>The run that <c>gate.task.reference</c> names.</summary>
internal static class ReferenceRun
{
    /// <summary>Folder of its final check; null where the gate compares with the base model.</summary>
    /// <exception cref="UserFaultException">It is not there, not finished, or was scored on other task rows.</exception>
    public static async Task<string?> FindAsync(JobSpec spec, RunInputs inputs, IArtifactStore store)
    {
        if (spec.Gate.Task is not TaskCriterion.MatchReference reference) return null;
        var pinned = await PinnedRun.FindAsync(store, reference.Run);
        var folder = $"runs/{reference.Run}/drift/final";
        if (pinned is null || await new CommitProtocol(store).FindAsync(folder) is null)
            throw new UserFaultException([$"gate.task.reference: run '{reference.Run}' has no final DriftCheck in {store.Location}. Finish that run first, or name another."]);
        if (pinned.EvalHash != inputs.EvalHash)
            throw new UserFaultException([$"gate.task.reference: run '{reference.Run}' was scored on other task rows (sha-256 {pinned.EvalHash[..12]}, this job's are {inputs.EvalHash[..12]}). "
                + "Scores are compared row by row: use the same data.eval, or name another run."]);
        return folder;
    }
}
