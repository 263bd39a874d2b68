using System.Collections.Concurrent;
using AlignGuard.Domain.Sweeps;
using AlignGuard.Models;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Reports;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using AlignGuard.Pipeline.Sweeps;
using AlignGuard.Server.Runs;

namespace AlignGuard.Cli.Terminal;

/// <summary>Does the server's work in this process.</summary>
internal sealed class LocalExecutors(IArtifactStore store) : IRunExecutor, ISweepExecutor, IDisposable
{
    // A loaded model is used by one run at a time, and by the next one after it.
    private readonly ConcurrentBag<ModelHost> _models = [];
    // Dropout draws from the process's one generator: such a run wants the process for itself.
    private readonly SemaphoreSlim _dropout = new(1);

    public async Task ExecuteAsync(Job job, CancellationToken stop)
    {
        var alone = job.Spec.Lora.Dropout > 0;
        if (alone) await _dropout.WaitAsync(stop);
        if (!_models.TryTake(out var models)) models = new ModelHost();
        try
        {
            var run = await JobRun.OpenAsync(job, store, models, new RunProgress(job.RunId, job.Spec.Train.Steps, null), new StopSignal(stop));
            var driven = await new LocalRunner(run).RunAsync();
            if (driven.Stopped || driven.State.Outcome!.Value.IsCancelled) return;
            if (driven.State.Outcome!.Value is Domain.FineTuning.Outcome.Failed failed) throw new RunFailedException(run.RunId, failed);
            await ReportBuilder.WriteAsync(run, await ReportBuilder.BuildAsync(run, driven.State));
        }
        finally
        {
            _models.Add(models);
            if (alone) _dropout.Release();
        }
    }

    public async Task ExecuteAsync(Sweep sweep, CancellationToken stop)
    {
        // The id ends in the time that it is due: every occurrence is a sweep of its own.
        var job = SweepJob.Parse(System.Text.Encoding.UTF8.GetBytes(sweep.Text), $"queue/{sweep.Id}.json", sweep.Folder, [], occurrence: sweep.Id.Split('-')[^1]);
        var alone = job.Jobs.Any(j => j.Spec.Lora.Dropout > 0);
        if (alone) await _dropout.WaitAsync(stop);
        try
        {
            var driven = await new SweepRunner(job, store, new SweepProgressLines(job), stop, RunMarkers.Cancel(sweep.Id)).RunAsync();
            if (!driven.Stopped) await SweepReport.WriteAsync(store, job, driven.State);
        }
        finally
        {
            if (alone) _dropout.Release();
        }
    }

    public void Dispose()
    {
        foreach (var models in _models) models.Dispose();
        _dropout.Dispose();
    }
}
