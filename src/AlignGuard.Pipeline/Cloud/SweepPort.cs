using AlignGuard.Domain.FineTuning;
using AlignGuard.Domain.Sweeps;
using AlignGuard.Pipeline.Runner;

namespace AlignGuard.Pipeline.Cloud;

/// <summary>A sweep's cells as child orchestrations, as many at once as the decider asks for; its log as an activity.</summary>
internal sealed class SweepPort(IOrchestration host, SweepRequest request, IReadOnlyList<string> runs, long logBytes, bool cancelRequested) : IDriverPort<SweepState, SweepEvent, SweepCommand>
{
    // By cell: ends once its run has been told to stop.
    private readonly Dictionary<int, TaskCompletionSource> _told = [];
    private readonly TaskCompletionSource _cancelled = new();
    private Task<string>? _cancel, _progress;
    private bool _cancelTold;
    private int _calls;

    public long LogBytes { get; private set; } = logBytes;

    private bool IsLong => _calls >= request.Limits.CallsPerSweepHistory;

    public async Task<SweepEvent> OutsideAsync()
    {
        while (true)
        {
            if (cancelRequested && !_cancelTold) return Told();
            _progress ??= host.EventAsync(CloudNames.ProgressEvent);
            if (!_cancelTold) _cancel ??= host.EventAsync(CloudNames.CancelEvent);
            await Task.WhenAny(_cancel is null ? [_progress] : [_cancel, _progress]);
            if (_cancel is { IsCompleted: true }) return Told();
            var line = await _progress;
            _progress = null;
            if (SweepEventCodec.Read(line) is { IsOk: true } read) return read.ResultValue;
        }

        SweepEvent Told()
        {
            (_cancelTold, _cancel) = (true, null);
            return SweepEvent.CancelRequested;
        }
    }

    // What is not begun is outstanding, and the next history begins with it.
    public Task<SweepEvent?> DoAsync(SweepCommand command) => IsLong ? Task.FromResult<SweepEvent?>(null) : command.Work switch
    {
        SweepWork.Prepare prepare => PrepareAsync(command, prepare),
        SweepWork.RunCell run => RunAsync(command, run.Cell),
        SweepWork.StopCell stop => StopAsync(command, stop.Cell),
        _ => throw new NotSupportedException(command.Id),
    };

    public async Task HappenedAsync(SweepEvent happened, SweepState after)
    {
        var line = CloudLog.Line(SweepEventCodec.Write(happened), host.Now, 0);
        var answer = await AskAsync<RecordAnswer>(CloudNames.RecordEvent, new RecordRequest($"sweeps/{request.SweepId}", LogBytes, line), a => a.Trouble);
        if (answer.Moved) throw new RunMovedException();
        LogBytes = answer.Length;
        host.Status(new SweepProgressStatus(after.Results.Length, after.Cells.Length, after.Cancelling));
        if (happened.IsCancelRequested) _cancelled.TrySetResult();
    }

    /// <summary>Baseline and first Fisher, by the worker that does both: what cells share is made before any of them asks for it.</summary>
    private async Task<SweepEvent?> PrepareAsync(SweepCommand command, SweepWork.Prepare prepare)
    {
        var shared = new Command("prepare", command.Attempt, Work.Baseline);
        var gpu = new GpuCall(host, request.Limits, _cancelled.Task, () => _calls++) { Says = (_, _) => { } };
        var answer = await gpu.AnswerAsync(CloudNames.Prepare, new ActivityRequest(runs[prepare.Cell], CommandCodec.Write(shared)), shared);
        if (answer.Kind == AnswerKind.Stopped && !_cancelled.Task.IsCompleted) return await PrepareAsync(command, prepare);
        if (answer is { Kind: AnswerKind.Ended, Event: { } line } && EventCodec.Read(line) is { IsOk: true, ResultValue: Event.Completed }) return SweepEvent.NewPrepared(prepare.Key, command.Attempt);
        var fault = answer.Event is { } told && EventCodec.Read(told) is { IsOk: true, ResultValue: Event.Failed f } ? f.Fault : new Fault(FaultKind.Permanent, answer.Note ?? "The preparation was broken off.");
        return SweepEvent.NewPrepareFailed(prepare.Key, command.Attempt, fault);
    }

    private async Task<SweepEvent?> RunAsync(SweepCommand command, int cell)
    {
        string ended;
        try
        {
            _calls++;
            var child = InstanceId.OfCell(host.InstanceId, cell, command.Attempt);
            var run = host.RunChildAsync(CloudNames.FineTuning, child, new RunRequest(runs[cell], request.Limits, Watch: new Watch(host.InstanceId, cell, command.Attempt)));
            ended = await EndsAsync(run, cell) ? await run : "cancelled";
        }
        catch (ActivityFailedException e)
        {
            ended = Bounded.Sentence(e.Message);
        }
        var answer = await AskAsync<CellAnswer>(CloudNames.CellResult, new CellRequest(request.SweepId, runs[cell], cell, command.Attempt, Ended: ended), a => a.Trouble);
        return answer.Event is { } line && SweepEventCodec.Read(line) is { IsOk: true } read ? read.ResultValue
            : SweepEvent.NewCellEnded(cell, command.Attempt, CellResult.NotRun(CellOutcome.NewFailed(ended)));
    }

    /// <summary>False = the run was told to stop and has not ended since: the engine keeps it for the answer of a worker that does not come. Its log says how far it got.</summary>
    private async Task<bool> EndsAsync(Task run, int cell)
    {
        await Task.WhenAny(run, Told(cell).Task);
        if (run.IsCompleted) return true;
        using var enough = new CancellationTokenSource();
        _calls++;
        // The run itself waits as long for its worker before it ends without it.
        var timer = host.TimerAsync(TimeSpan.FromSeconds(2 * request.Limits.CancelSeconds), enough.Token);
        await Task.WhenAny(run, timer);
        if (run.IsCompleted) enough.Cancel();
        return run.IsCompleted;
    }

    private TaskCompletionSource Told(int cell) => _told.TryGetValue(cell, out var told) ? told : _told[cell] = new TaskCompletionSource();

    private async Task<SweepEvent?> StopAsync(SweepCommand command, int cell)
    {
        await AskAsync<CellAnswer>(CloudNames.StopCell, new CellRequest(request.SweepId, runs[cell], cell, command.Attempt), a => a.Trouble);
        // The marker stops the work; the event ends a wait.
        host.Send(InstanceId.OfCell(host.InstanceId, cell, command.Attempt), CloudNames.CancelEvent, "");
        Told(cell).TrySetResult();
        return SweepEvent.NewStopped(cell, command.Attempt);
    }

    private Task<TAnswer> AskAsync<TAnswer>(string activity, object message, Func<TAnswer, string?> trouble) => Patience.AskAsync(host, activity, message, trouble, _ => { }, () => _calls++);
}
