using AlignGuard.Domain.Sweeps;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using AlignGuard.Pipeline.Sweeps;
using AlignGuard.Server.Runs;

namespace AlignGuard.Cli.Terminal;

/// <summary>Does the server's work on this machine, a process a run.</summary>
internal sealed class LocalExecutors(IArtifactStore store, IRunHost runs) : IRunExecutor, ISweepExecutor
{
    public async Task ExecuteAsync(Job job, CancellationToken stop)
    {
        // The run's process exports nothing: what is told of its checks is told here.
        var told = (await RunLog.StateAsync(store, job.RunId)).Drifts.Length;
        await RunNews.FollowAsync(runs, store, job, RunGoal.End, wait: false, new RunProgress(job.RunId, job.Spec.Train.Steps, null).Line, state =>
        {
            foreach (var check in state.Drifts.Skip(told)) RunMetrics.Checked(job.RunId, check.Summary);
            told = state.Drifts.Length;
            return Task.CompletedTask;
        }, stop);
    }

    public async Task ExecuteAsync(Sweep sweep, CancellationToken stop)
    {
        // The id ends in the time that it is due: every occurrence is a sweep of its own.
        var job = SweepJob.Parse(System.Text.Encoding.UTF8.GetBytes(sweep.Text), $"queue/{sweep.Id}.json", sweep.Folder, [], occurrence: sweep.Id.Split('-')[^1]);
        var driven = await new SweepRunner(job, store, runs, new SweepProgressLines(job), stop, RunMarkers.Cancel(sweep.Id)).RunAsync();
        if (!driven.Stopped) await SweepReport.WriteAsync(store, job, driven.State);
    }
}
