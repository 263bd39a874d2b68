using System.Text.Json;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Activities;

/// <summary><c>runs/{runId}/spec.json</c>: what a run was begun with; a resumed run must find the same.</summary>
/// <param name="EvalHash">sha-256 of the task's evaluation rows: runs are compared on the same rows only.</param>
/// <param name="Threads">CPU threads: other counts give other bits, so the first process decides for all.</param>
public sealed record PinnedRun(JsonElement Job, string SpecHash, string ModelHash, string DataHash, string EvalHash, string PromptHash, int Threads)
{
    /// <summary>Where the job's relative paths begin, on the machine that began the run; null in runs of older versions.</summary>
    public string? JobFolder { get; init; }

    /// <summary>Kind of device that the run was begun on: another kind goes on with it, and its last bits differ.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Of the frozen weights, <c>float32</c> or <c>bfloat16</c>: what <c>train.precision: auto</c> came to where the run was begun.</summary>
    public string Precision { get; init; } = Activities.Precisions.Float32;

    /// <summary>Names, with versions, of the judges; null in runs of older versions.</summary>
    public string? Judges { get; init; }

    /// <summary>The version (ETag) of every blob that the job reads, by its reference.</summary>
    public IReadOnlyDictionary<string, string> Sources { get; init; } = new Dictionary<string, string>();

    public static string Name(string runId) => $"runs/{runId}/spec.json";

    /// <summary>Null = there is no such run.</summary>
    /// <exception cref="ForeignArtifactException">The file is damaged, or not this program's.</exception>
    public static async Task<PinnedRun?> FindAsync(IArtifactStore store, string runId)
    {
        if (await store.ReadAsync(Name(runId)) is not { } blob) return null;
        try
        {
            if (CommitProtocol.FromJson<PinnedRun>(blob.Content) is { SpecHash.Length: > 0 } pinned) return pinned;
        }
        catch (DamagedArtifactException)
        {
            // Told below.
        }
        throw new ForeignArtifactException($"{Name(runId)} in {store.Location} is damaged, or was not written by this program. Name another store, or take the folder away.");
    }
}
