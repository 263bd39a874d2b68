using AlignGuard.Domain.FineTuning;
using AlignGuard.Pipeline.Runner;

namespace AlignGuard.Pipeline.Cloud;

/// <summary>A run's commands as calls to workers, its waits as timers, its log as an activity. It decides nothing and replays the same.</summary>
internal sealed class RunPort : IDriverPort<State, Event, Command>
{
    private const double StopPause = 5, FirstBlock = 60, LongestBlock = 3_600, PauseLook = 300;

    private readonly IOrchestration _host;
    private readonly RunRequest _request;
    private readonly GpuCall _gpu;
    // Cancelled: the loop knows of it. Marked: the store's marker was seen before an event told of it. Moved: the loop ends, to begin anew from the log, and waits for what is under way.
    private readonly TaskCompletionSource _cancelled = new(), _marked = new(), _moved = new();
    private Task<string>? _approval, _resume;
    private State _state;
    private Command? _command;
    private double _seconds;
    private bool _cancelTold;
    private int _calls;

    public RunPort(IOrchestration host, RunRequest request, State state)
    {
        (_host, _request, _state, LogBytes) = (host, request, state, request.LogBytes);
        _cancelTold = state.Cancelling;
        if (state.Cancelling) _cancelled.SetResult();
        if (request.CancelRequested) _marked.SetResult();
        _gpu = new GpuCall(host, request.Limits, _cancelled.Task, Count) { Says = Says };
    }

    /// <summary>Length of the run's log, as far as it is recorded.</summary>
    public long LogBytes { get; private set; }

    /// <summary>A command met a result that is damaged: the run is to be looked at from its beginning.</summary>
    public bool Damaged { get; private set; }

    private bool IsOver => _moved.Task.IsCompleted || _calls >= _request.Limits.CallsPerHistory;

    /// <summary>A wish to cancel, once: by its event, or by its marker where the event was lost.</summary>
    public async Task<Event> OutsideAsync()
    {
        if (_cancelTold) return await new TaskCompletionSource<Event>().Task;
        _cancelTold = true;
        if (!_marked.Task.IsCompleted) await Task.WhenAny(_host.EventAsync(CloudNames.CancelEvent), _marked.Task);
        return Event.CancelRequested;
    }

    public Task<Event?> DoAsync(Command command)
    {
        // What is not begun is outstanding, and the next history begins with it.
        if (IsOver) return Task.FromResult<Event?>(null);
        _command = command;
        return command.Work switch
        {
            Work.Backoff wait => WaitAsync(command, wait),
            { IsApproval: true } => DecisionAsync(command),
            _ => WorkAsync(command),
        };
    }

    public async Task HappenedAsync(Event happened, State after)
    {
        var seconds = happened is Event.Completed or Event.Failed ? _seconds : 0;
        var line = CloudLog.Line(EventCodec.Write(Bounded.Of(happened)), _host.Now, seconds);
        var answer = await AskAsync<RecordAnswer>(CloudNames.RecordEvent, new RecordRequest($"runs/{_request.RunId}", LogBytes, line), a => a.Trouble);
        if (answer.Moved)
        {
            _moved.TrySetResult();
            throw new RunMovedException();
        }
        (LogBytes, _state) = (answer.Length, after);
        if (happened is Event.Completed { Result: CommandResult.DriftDone } && _request.Watch is { } watch && after.Drifts[^1] is { Size.IsQuick: true } check) await TellAsync(watch, check);
        // Last: whatever waited goes on now, and has to find the loop past this event.
        if (happened.IsCancelRequested) _cancelled.TrySetResult();
    }

    private async Task<Event?> WorkAsync(Command command)
    {
        Says("Working", null);
        for (var block = FirstBlock; ;)
        {
            var answer = await _gpu.AnswerAsync(CloudNames.ActivityOf(command.Work), new ActivityRequest(_request.RunId, CommandCodec.Write(command)), command);
            switch (answer.Kind)
            {
                case AnswerKind.Ended:
                    _seconds = answer.Seconds;
                    return EventCodec.Read(answer.Event!) is { IsOk: true } read ? read.ResultValue : Event.NewFailed(command.Id, command.Attempt, new Fault(FaultKind.Permanent, "The worker's answer cannot be read: worker and orchestrator are of different versions."));
                case AnswerKind.Damaged:
                    Damaged = true;
                    return null;
                case AnswerKind.Blocked:
                    Says("Blocked", answer.Note);
                    await OrCancelledAsync(block);
                    block = Math.Min(block * 2, LongestBlock);
                    break;
                default:
                    await StoppedAsync();
                    break;
            }
            // A cancelled command is answered, since the decider waits for its end.
            if (_cancelled.Task.IsCompleted) return Event.NewFailed(command.Id, command.Attempt, new Fault(FaultKind.Transient, "The run was cancelled."));
            if (IsOver) return null;
            Says("Working", null);
        }
    }

    /// <summary>A worker stopped because its machine goes, or because somebody wants a pause or an end. A pause lasts until its marker is gone.</summary>
    private async Task StoppedAsync()
    {
        var look = await LookAsync();
        while (look.Paused && !look.CancelRequested && !_cancelled.Task.IsCompleted && !IsOver)
        {
            Says("Paused", "The run is paused; resuming it goes on.");
            _resume ??= _host.EventAsync(CloudNames.ResumeEvent);
            await OrCancelledAsync(PauseLook, _resume);
            if (_resume.IsCompleted) _resume = null;
            look = await LookAsync();
        }
        if (look.CancelRequested)
        {
            _marked.TrySetResult();
            await Task.WhenAny(_cancelled.Task, _moved.Task);
        }
        else if (!_cancelled.Task.IsCompleted) await OrCancelledAsync(StopPause);
    }

    private async Task<Event?> WaitAsync(Command command, Work.Backoff backoff)
    {
        Says("WaitsForRetry", $"{backoff.ForCommand} is tried again in {backoff.DelaySeconds:f0} s.");
        await OrCancelledAsync(backoff.DelaySeconds);
        return _cancelled.Task.IsCompleted ? null : Event.NewBackoffElapsed(backoff.ForCommand, command.Attempt);
    }

    private async Task<Event?> DecisionAsync(Command command)
    {
        Says("WaitsForApproval", "The gate accepted the run; it waits for a person's decision, which the job asks for, or judges that may disagree.");
        while (!_cancelled.Task.IsCompleted && !IsOver)
        {
            if (await LookAsync() is { Approved: { } approved } look) return Event.NewCompleted(command.Id, command.Attempt, CommandResult.NewApprovalDone(approved, look.By ?? ""));
            _approval ??= _host.EventAsync(CloudNames.ApprovalEvent);
            await OrCancelledAsync(_request.Limits.LookSeconds, _approval);
            if (_approval.IsCompleted) _approval = null;
        }
        return null;
    }

    private async Task OrCancelledAsync(double seconds, params Task[] others)
    {
        using var enough = new CancellationTokenSource();
        Count();
        var timer = _host.TimerAsync(TimeSpan.FromSeconds(seconds), enough.Token);
        await Task.WhenAny([timer, _cancelled.Task, _moved.Task, .. others]);
        if (!timer.IsCompleted) enough.Cancel();
    }

    private async Task TellAsync(Watch watch, FinishedDrift check)
    {
        var answer = await AskAsync<CellAnswer>(CloudNames.CellProgress, new CellRequest("", _request.RunId, watch.Cell, watch.Attempt, check.Step, check.Segment), a => a.Trouble);
        if (answer.Event is { } line) _host.Send(watch.Instance, CloudNames.ProgressEvent, line);
    }

    private Task<LookAnswer> LookAsync() => AskAsync<LookAnswer>(CloudNames.LookAtRun, _request.RunId, a => a.Trouble);

    private Task<TAnswer> AskAsync<TAnswer>(string activity, object request, Func<TAnswer, string?> trouble) =>
        Patience.AskAsync(_host, activity, request, trouble, sentence => Says(sentence is null ? "Working" : "Blocked", sentence), Count);

    private void Count() => _calls++;

    private void Says(string condition, string? note) =>
        _host.Status(new RunProgressStatus(_command?.Id ?? "starting", _command?.Attempt ?? 1, _state.Step, _state.Plan?.Value.Steps ?? 0, condition, note));
}

/// <summary>The log is not where this orchestration left it: it is read again.</summary>
internal sealed class RunMovedException : Exception;
