using AlignGuard.Domain.Spec;
using AlignGuard.Evaluation.Judging;
using AlignGuard.Models;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Runner;

/// <summary>
/// <c>runs/{runId}/folders.json</c>: where what the run shares with others lies. Whoever has opened model and data knows; hosts that have neither read it here, so that they
/// can check the run's chain, read its figures, and put its evidence before the gate.
/// </summary>
internal sealed record RunFolders(string Baseline, string FirstFisher, string? Reference)
{
    /// <summary>What the run's judges read; null in runs of older versions, whose one judge is that of rules.</summary>
    public PanelRoles? Roles { get; init; }

    private static string Name(string runId) => $"runs/{runId}/folders.json";

    public static Task WriteAsync(RunContext run, string? reference) =>
        run.Store.CreateAsync(Name(run.RunId), CommitProtocol.ToJson(new RunFolders(run.Records.Baseline, run.Records.Fisher(0), reference) { Roles = run.Roles }));

    /// <summary>Null = nobody has opened the run yet.</summary>
    public static async Task<RunContext?> OpenAsync(IArtifactStore store, string runId)
    {
        if (await PinnedRun.FindAsync(store, runId) is not { } pinned || await store.ReadAsync(Name(runId)) is not { } blob) return null;
        var folders = CommitProtocol.FromJson<RunFolders>(blob.Content);
        var job = await StoredJob.ReadAsync(store, runId);
        return new RunContext
        {
            Spec = job.Spec,
            ModelFolder = "",
            Records = new RunRecords(runId, JobFile.Hash(job.Spec), folders.Baseline, folders.FirstFisher, folders.Reference, new CommitProtocol(store)),
            // Never opened: what is done with this context reads records only.
            Models = new ModelHost(),
            Inputs = new RunInputs([], [], [], [], pinned.DataHash, pinned.EvalHash, []),
            Threads = pinned.Threads,
            Roles = folders.Roles ?? PanelRoles.None,
            Observer = new SilentObserver(),
            Stop = StopSignal.Never,
        };
    }

    /// <exception cref="UserFaultException">No worker has opened the run yet.</exception>
    public static async Task<RunContext> RequireAsync(IArtifactStore store, string runId) =>
        await OpenAsync(store, runId) ?? throw new UserFaultException([$"Run {runId} has not been opened by a worker yet."]);
}
