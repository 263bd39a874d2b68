using AlignGuard.Domain.FineTuning;

namespace AlignGuard.Pipeline.Cloud;

/// <summary>
/// One command at a worker, raced against timers: a command whose worker never comes waits for ever otherwise, since the service keeps it for whoever registers. No retry is made here; whether a
/// command is tried again is the decider's to say.
/// </summary>
/// <param name="cancelled">Ends once the run's cancellation is known.</param>
/// <param name="count">Told of every call and timer: they are what a history consists of.</param>
internal sealed class GpuCall(IOrchestration host, Limits limits, Task cancelled, Action count)
{
    /// <summary>What the orchestration is waiting for, for its status: a condition and a sentence.</summary>
    public required Action<string, string?> Says { get; init; }

    public async Task<ActivityAnswer> AnswerAsync(string activity, ActivityRequest request, Command command)
    {
        count();
        var call = host.CallAsync<ActivityAnswer>(activity, request);
        if (await AnsweredAsync(call, activity)) return await EndedAsync(call, command);
        return cancelled.IsCompleted
            ? Failed(command, FaultKind.Transient, "The run was cancelled.")
            : Failed(command, FaultKind.Transient, $"NoGpuCapacity: no worker answered {command.Id} within {limits.DeadlineSeconds / 3600:f1} h. Check the GPU workers' quota, scale rule and log.");
    }

    /// <summary>False = nobody answered in time, or soon enough after a cancellation.</summary>
    private async Task<bool> AnsweredAsync(Task call, string activity)
    {
        var (waited, wait) = (0.0, limits.PatienceSeconds);
        while (waited < limits.DeadlineSeconds)
        {
            var asked = cancelled.IsCompleted;
            if (await OrAfterAsync(asked ? [call] : [call, cancelled], asked ? limits.CancelSeconds : wait)) 
            {
                if (call.IsCompleted) return true;
                // Cancelled while it waited: whoever works on it sees the marker within a step.
                continue;
            }
            if (asked) return false;
            waited += wait;
            Says("NoGpuCapacity", $"No worker has answered {activity} for {waited / 60:f0} min. It goes on as soon as one does; check the GPU workers' quota, scale rule and log.");
            wait = Math.Min(Math.Min(wait * 2, 21_600), Math.Max(1, limits.DeadlineSeconds - waited));
        }
        return false;
    }

    /// <summary>False = the timer was first.</summary>
    private async Task<bool> OrAfterAsync(Task[] any, double seconds)
    {
        using var enough = new CancellationTokenSource();
        count();
        var timer = host.TimerAsync(TimeSpan.FromSeconds(seconds), enough.Token);
        await Task.WhenAny([.. any, timer]);
        if (!any.Any(task => task.IsCompleted)) return false;
        enough.Cancel();
        return true;
    }

    private static async Task<ActivityAnswer> EndedAsync(Task<ActivityAnswer> call, Command command)
    {
        try
        {
            return await call;
        }
        catch (ActivityFailedException e)
        {
            // Nobody foresaw it. The worker's log has more; another attempt may do, and if not, the run ends and can be asked for again.
            return Failed(command, FaultKind.Transient, $"The worker failed: {e.Message}");
        }
    }

    private static ActivityAnswer Failed(Command command, FaultKind kind, string message) =>
        new(AnswerKind.Ended, EventCodec.Write(Bounded.Of(Event.NewFailed(command.Id, command.Attempt, new Fault(kind, message)))));
}
