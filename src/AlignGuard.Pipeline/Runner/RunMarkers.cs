using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Runner;

/// <summary>
/// Wishes about a run, left in the store so that any machine that sees it can ask: to cancel it for good, or to pause it until it is resumed. Whoever works on the run
/// looks for them every second and takes them as a signal to stop: within one step.
/// </summary>
public static class RunMarkers
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    public static string Cancel(string runId) => $"runs/{runId}/cancel";
    public static string Pause(string runId) => $"runs/{runId}/pause";

    /// <summary>Asks; asking twice is asking once.</summary>
    /// <param name="marker"><see cref="Cancel"/> or <see cref="Pause"/> of a run.</param>
    public static Task SetAsync(IArtifactStore store, string marker) => store.CreateAsync(marker, System.Text.Encoding.UTF8.GetBytes($"{DateTime.UtcNow:o}\n"));

    public static async Task<bool> IsSetAsync(IArtifactStore store, string marker, CancellationToken cancellation = default) => await store.ReadAsync(marker, cancellation) is not null;

    /// <summary>Cancels <paramref name="found"/> once the marker is there; ends with <paramref name="until"/>.</summary>
    public static async Task WatchAsync(IArtifactStore store, string marker, CancellationTokenSource found, TimeProvider clock, CancellationToken until)
    {
        try
        {
            while (!found.IsCancellationRequested)
            {
                if (await FoundAsync()) found.Cancel();
                else await Task.Delay(Every, clock, until);
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
                return await IsSetAsync(store, marker, until);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // A store that is away has no wishes; the run itself finds out soon enough.
                return false;
            }
        }
    }
}
