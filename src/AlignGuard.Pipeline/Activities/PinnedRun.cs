using System.Text.Json;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Activities;

/// <summary><c>runs/{runId}/spec.json</c>: what a run was begun with; a resumed run must find the same.</summary>
/// <param name="EvalHash">sha-256 of the task's evaluation rows: runs are compared on the same rows only.</param>
/// <param name="Threads">CPU threads: other counts give other bits, so the first process decides for all.</param>
public sealed record PinnedRun(JsonElement Job, string SpecHash, string ModelHash, string DataHash, string EvalHash, string PromptHash, int Threads)
{
    public static string Name(string runId) => $"runs/{runId}/spec.json";

    /// <summary>Null = there is no such run.</summary>
    public static async Task<PinnedRun?> FindAsync(IArtifactStore store, string runId) =>
        await store.ReadAsync(Name(runId)) is { } blob ? CommitProtocol.FromJson<PinnedRun>(blob.Content) : null;
}
