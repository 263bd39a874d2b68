using AlignGuard.Domain.FineTuning;
using AlignGuard.Models;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Runner;

/// <summary>
/// Follows the log of a run that another process works on. It is read when that process says something, at most every second, one read at a time. News may be left out: nothing may depend on any but the last.
/// </summary>
/// <param name="tell">Hears how the run stands whenever its log has grown.</param>
public sealed class RunNews(IArtifactStore store, string runId, Func<State, Task> tell, TimeProvider? clock = null)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private Task _look = Task.CompletedTask;
    private long _looked;
    private int _seen;

    /// <summary>It may have grown. From one thread at a time.</summary>
    public void Look()
    {
        if (!_look.IsCompleted || (_looked != 0 && _clock.GetElapsedTime(_looked) < Pause)) return;
        _looked = _clock.GetTimestamp();
        _look = Task.Run(LookAsync);
    }

    /// <summary>Tells what is left to tell.</summary>
    public async Task EndAsync()
    {
        await _look;
        await LookAsync();
    }

    private async Task LookAsync()
    {
        try
        {
            var events = await new RunLog(store, $"runs/{runId}").ReadAsync(repair: false);
            if (events.Count <= _seen) return;
            _seen = events.Count;
            await tell(FineTuningDecider.Fold(events));
        }
        catch (Exception e) when (e is StoreException or DamagedArtifactException)
        {
            // The next look is as good.
        }
    }
}
