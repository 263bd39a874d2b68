using AlignGuard.Domain.FineTuning;
using AlignGuard.Pipeline.Runner;

namespace AlignGuard.Pipeline.Cloud;

/// <summary>The fine-tuning orchestration: the driver's loop, from what the store proves to an outcome, in as many histories as it takes.</summary>
public static class RunOrchestration
{
    private const int MostDamages = 5;

    /// <summary>How an orchestration that goes on under the same id returns; nobody sees it.</summary>
    public const string Continued = "continued";

    /// <returns><c>accepted</c>, <c>rejected</c>, <c>cancelled</c>, or <c>failed: </c> and a sentence.</returns>
    public static async Task<string> RunAsync(IOrchestration host, RunRequest request)
    {
        if (request.State is null)
        {
            var opened = await Patience.AskAsync<OpenAnswer>(host, CloudNames.OpenRun, new OpenRequest(request.RunId, request.Damages > 0), a => a.Trouble,
                sentence => host.Status(new RunProgressStatus("opening", 1, 0, 0, sentence is null ? "Working" : "Blocked", sentence)), () => { });
            if (opened.Ended is { } known) return Over(host, known);
            if (opened.State is null) return Over(host, $"failed: {string.Join(' ', opened.Problems)}");
            request = request with { State = opened.State, LogBytes = opened.LogBytes, CancelRequested = opened.CancelRequested };
        }
        var state = request.State.Expand();
        var port = new RunPort(host, request, state);
        RunRequest next;
        try
        {
            var driven = await Driver.RunAsync(Driver.FineTuning, port, state);
            if (!driven.Stopped) return await EndedAsync(host, request, driven.State.Outcome!.Value);
            if (port.Damaged && request.Damages >= MostDamages) return Over(host, $"failed: Committed results of the run were damaged {MostDamages + 1} times. Look into the store, then ask for the run again.");
            next = port.Damaged ? Reopened(request) with { Damages = request.Damages + 1 }
                : request with { State = RunSnapshot.Of(driven.State), LogBytes = port.LogBytes, CancelRequested = request.CancelRequested && !driven.State.Cancelling };
        }
        catch (RunMovedException)
        {
            next = Reopened(request);
        }
        host.ContinueAsNew(next);
        return Continued;
    }

    /// <summary>How an outcome is told.</summary>
    public static string Told(Outcome outcome) => outcome is Outcome.Failed failed ? $"failed: {Bounded.Sentence(failed.Fault.Message)}" : Reports.ReportBuilder.Name(outcome);

    private static RunRequest Reopened(RunRequest request) => request with { State = null, LogBytes = 0 };

    /// <summary>The report is written once there is something to report. It is for people: where no worker can write it, the run has ended all the same.</summary>
    private static async Task<string> EndedAsync(IOrchestration host, RunRequest request, Outcome outcome)
    {
        if (outcome.IsAccepted || outcome.IsRejected)
        {
            var gpu = new GpuCall(host, request.Limits with { DeadlineSeconds = request.Limits.PatienceSeconds }, new TaskCompletionSource().Task, () => { }) { Says = (_, _) => { } };
            await gpu.AnswerAsync(CloudNames.Report, new ActivityRequest(request.RunId, CommandCodec.Write(ReportCommand)), ReportCommand);
        }
        return Over(host, Told(outcome));
    }

    private static string Over(IOrchestration host, string outcome)
    {
        host.Status(new RunProgressStatus(outcome.Split(':')[0], 1, 0, 0, "Ended", outcome));
        return outcome;
    }

    // The report is no command of the decider; it goes the way of one.
    private static readonly Command ReportCommand = new("report", 1, Work.Gate);
}
