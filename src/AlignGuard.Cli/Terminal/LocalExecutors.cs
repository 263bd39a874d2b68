using AlignGuard.Domain.FineTuning;
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
        var told = FineTuningDecider.Fold(await new RunLog(store, $"runs/{job.RunId}").ReadAsync(repair: false)).Drifts.Length;
        var news = new RunNews(store, job.RunId, state =>
        {
            foreach (var check in state.Drifts.Skip(told)) RunMetrics.Checked(job.RunId, check.Summary);
            told = state.Drifts.Length;
            return Task.CompletedTask;
        });
        var progress = new RunProgress(job.RunId, job.Spec.Train.Steps, null);
        await runs.WorkAsync(job, RunGoal.End, wait: false, line =>
        {
            progress.Line(line);
            news.Look();
        }, stop);
        await news.EndAsync();
    }

    public async Task ExecuteAsync(Sweep sweep, CancellationToken stop)
    {
        // The id ends in the time that it is due: every occurrence is a sweep of its own.
        var job = SweepJob.Parse(System.Text.Encoding.UTF8.GetBytes(sweep.Text), $"queue/{sweep.Id}.json", sweep.Folder, [], occurrence: sweep.Id.Split('-')[^1]);
        var driven = await new SweepRunner(job, store, runs, new SweepProgressLines(job), stop, RunMarkers.Cancel(sweep.Id)).RunAsync();
        if (!driven.Stopped) await SweepReport.WriteAsync(store, job, driven.State);
    }
}
