using AlignGuard.Models;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Runner;

/// <summary>A person's decision on what the gate accepted (<c>gate.approval: required</c>).</summary>
/// <param name="By">Who decided.</param>
/// <param name="At">When (UTC).</param>
public sealed record Approval(bool Approved, string By, string? Comment, DateTimeOffset At);

/// <summary><c>runs/{runId}/approval.json</c>: written once; the first decision stands.</summary>
public static class ApprovalMarker
{
    private static string Name(string runId) => $"runs/{runId}/approval.json";

    /// <summary>The decision that stands: this one, or the one that was first.</summary>
    public static async Task<Approval> SetAsync(IArtifactStore store, string runId, Approval approval, CancellationToken cancellation = default)
    {
        if (string.IsNullOrWhiteSpace(approval.By)) throw new UserFaultException(["An approval needs a name: who decided."]);
        await store.CreateAsync(Name(runId), CommitProtocol.ToJson(approval), cancellation);
        return await FindAsync(store, runId, cancellation) ?? approval;
    }

    public static async Task<Approval?> FindAsync(IArtifactStore store, string runId, CancellationToken cancellation = default) =>
        await store.ReadAsync(Name(runId), cancellation) is { } blob ? CommitProtocol.FromJson<Approval>(blob.Content) : null;
}
