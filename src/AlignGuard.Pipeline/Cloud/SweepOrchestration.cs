using AlignGuard.Domain.Sweeps;
using AlignGuard.Pipeline.Runner;

namespace AlignGuard.Pipeline.Cloud;

/// <summary>
/// The sweep orchestration: the driver's loop over child runs. Its history grows with its cells; when it is long, nothing new is begun, what is at work ends, and the next history reads the log. A cell that ended in
/// between is asked for again and answers at once.
/// </summary>
public static class SweepOrchestration
{
    private const string Done = "done";

    /// <returns><c>done</c>, or <c>failed: </c> and a sentence.</returns>
    public static async Task<string> RunAsync(IOrchestration host, SweepRequest request)
    {
        var opened = await Patience.AskAsync<OpenSweepAnswer>(host, CloudNames.OpenSweep, request, a => a.Trouble, _ => { }, () => { });
        if (opened.Problems.Length > 0) return $"failed: {string.Join(' ', opened.Problems)}";
        var state = SweepDecider.Fold(SweepPack.Events(opened.Events));
        var port = new SweepPort(host, request, SweepPack.Runs(opened.Runs), opened.LogBytes, opened.CancelRequested && !state.Cancelling);
        try
        {
            (state, var stopped) = await Driver.RunAsync(Driver.Sweep, port, state);
            if (stopped) return Continue(host, request);
        }
        catch (RunMovedException)
        {
            return Continue(host, request);
        }
        await Patience.AskAsync<CellAnswer>(host, CloudNames.CloseSweep, request.SweepId, a => a.Trouble, _ => { }, () => { });
        host.Status(new SweepProgressStatus(state.Cells.Length, state.Cells.Length, state.Cancelling, Done));
        return Done;
    }

    private static string Continue(IOrchestration host, SweepRequest request)
    {
        host.ContinueAsNew(request with { Generation = request.Generation + 1 });
        return RunOrchestration.Continued;
    }
}
