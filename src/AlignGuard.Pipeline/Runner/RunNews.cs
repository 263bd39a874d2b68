using System.Diagnostics;
using AlignGuard.Domain.FineTuning;
using AlignGuard.Models;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Runner;

/// <summary>
/// Follows the log of a run that another process works on. It is read when that process says something, at most every second, one read at a time. News may be left out: nothing may depend on any but the last.
/// </summary>
public sealed class RunNews
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly IArtifactStore _store;
    private readonly string _runId;
    private readonly Func<State, Task> _tell;
    private Task _look = Task.CompletedTask;
    private long _looked;
    private int _seen;

    private RunNews(IArtifactStore store, string runId, Func<State, Task> tell) => (_store, _runId, _tell) = (store, runId, tell);

    /// <summary>Has a run worked on (see <see cref="IRunHost.WorkAsync"/>) and tells how it stands whenever its log has grown.</summary>
    public static async Task FollowAsync(IRunHost runs, IArtifactStore store, Job job, RunGoal goal, bool wait, Action<string> says, Func<State, Task> tell, CancellationToken stop)
    {
        var news = new RunNews(store, job.RunId, tell);
        await runs.WorkAsync(job, goal, wait, line =>
        {
            says(line);
            news.Look();
        }, stop);
        await news.EndAsync();
    }

    /// <summary>It may have grown. From one thread at a time.</summary>
    private void Look()
    {
        if (!_look.IsCompleted || (_looked != 0 && Stopwatch.GetElapsedTime(_looked) < Pause)) return;
        _looked = Stopwatch.GetTimestamp();
        _look = Task.Run(LookAsync);
    }

    /// <summary>Tells what is left to tell.</summary>
    private async Task EndAsync()
    {
        await _look;
        await LookAsync();
    }

    private async Task LookAsync()
    {
        try
        {
            var events = await new RunLog(_store, $"runs/{_runId}").ReadAsync(repair: false);
            if (events.Count <= _seen) return;
            _seen = events.Count;
            await _tell(FineTuningDecider.Fold(events));
        }
        catch (Exception e) when (e is StoreException or DamagedArtifactException)
        {
            // The next look is as good.
        }
    }
}
