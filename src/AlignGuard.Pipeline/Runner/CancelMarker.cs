using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Runner;

/// <summary>
/// The wish to end a run for good, left in the store so that any machine that sees it can ask. Whoever works on the run looks for it every second and takes it
/// as a signal to stop: within one step.
/// </summary>
public static class CancelMarker
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private static string Name(string runId) => $"runs/{runId}/cancel";

    /// <summary>Asks; asking twice is asking once.</summary>
    public static Task SetAsync(IArtifactStore store, string runId) => store.CreateAsync(Name(runId), System.Text.Encoding.UTF8.GetBytes($"{DateTime.UtcNow:o}\n"));

    public static async Task<bool> IsSetAsync(IArtifactStore store, string runId, CancellationToken cancellation = default) => await store.ReadAsync(Name(runId), cancellation) is not null;

    /// <summary>Cancels <paramref name="found"/> once the marker is there; ends with <paramref name="until"/>.</summary>
    public static async Task WatchAsync(IArtifactStore store, string runId, CancellationTokenSource found, CancellationToken until)
    {
        try
        {
            while (!found.IsCancellationRequested)
            {
                if (await FoundAsync()) await found.CancelAsync();
                else await Task.Delay(Every, until);
            }
        }
        catch (OperationCanceledException)
        {
            // The run has ended.
        }

        async Task<bool> FoundAsync()
        {
            try
            {
                return await IsSetAsync(store, runId, until);
            }
            catch (StoreException)
            {
                // A store that is away has no wishes; the run itself finds out soon enough.
                return false;
            }
        }
    }
}
