using AlignGuard.Domain.FineTuning;
using AlignGuard.Models;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Cloud;

/// <summary>
/// What a GPU worker does. It keeps the run that it worked on last open, model and data, since the next command is mostly of the same run. One command at a time: tensors belong to whoever works.
/// </summary>
/// <param name="observe">Who sees a run as it goes, by its id.</param>
/// <param name="stop">This process is to stop: training commits what it has.</param>
/// <param name="device">Where it computes; null = the processor.</param>
public sealed class GpuDesk(IArtifactStore store, Func<string, IRunObserver> observe, CancellationToken stop, TorchSharp.torch.Device? device = null) : IDisposable
{
    private static readonly TimeSpan AnswerTravels = TimeSpan.FromSeconds(2);

    private readonly ModelHost _models = new(device);
    private readonly SemaphoreSlim _one = new(1);
    private RunContext? _open;

    /// <summary>A command of a run.</summary>
    public Task<ActivityAnswer> DoAsync(ActivityRequest request) => AloneAsync(request, (run, command) => FineTuningActivities.RunAsync(run, command));

    /// <summary>What the cells of a sweep share: the base model's measurement and the first Fisher.</summary>
    public Task<ActivityAnswer> PrepareAsync(ActivityRequest request) => AloneAsync(request, async (run, _) =>
    {
        await FineTuningActivities.RunAsync(run, new Command("baseline", 1, Work.Baseline));
        if (run.Spec.IsGuarded) await FineTuningActivities.RunAsync(run, new Command("fisher/0", 1, Work.NewFisher(0, 0, null)));
        return CommandResult.BaselineDone;
    });

    /// <summary>The report of a run that has ended.</summary>
    public Task<ActivityAnswer> ReportAsync(ActivityRequest request) => AloneAsync(request, async (run, _) =>
    {
        var state = await RunLog.StateAsync(store, run.RunId);
        var page = await TensorThread.RunAsync(async () => await Reports.ReportBuilder.WriteAsync(run, await Reports.ReportBuilder.BuildAsync(run, state)));
        return CommandResult.NewPublished(page);
    });

    private async Task<ActivityAnswer> AloneAsync(ActivityRequest request, Func<RunContext, Command, Task<CommandResult>> work)
    {
        await _one.WaitAsync(CancellationToken.None);
        try
        {
            return await Answers.OfAsync(request, store, async (command, wish) => await work(await OpenAsync(request.RunId, wish), command), stop);
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<RunContext> OpenAsync(string runId, StopSignal wish)
    {
        if (_open?.RunId == runId) return _open.Under(wish);
        _open?.Dispose();
        _open = null;
        _open = await JobRun.OpenAsync(await StoredJob.ReadAsync(store, runId), store, _models, observe(runId), wish);
        return _open.Under(wish);
    }

    /// <summary>Ends when nothing is at work, and a moment later: an answer has to be sent before the connection goes.</summary>
    public async Task IdleAsync()
    {
        await _one.WaitAsync(CancellationToken.None);
        _one.Release();
        await Task.Delay(AnswerTravels);
    }

    public void Dispose()
    {
        _open?.Dispose();
        _models.Dispose();
        _one.Dispose();
    }
}
