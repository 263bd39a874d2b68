using System.CommandLine;
using AlignGuard.Cli.Terminal;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using AlignGuard.Pipeline.Sweeps;
using Command = System.CommandLine.Command;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard cancel RUN</c>: asks whoever works on a run, on whatever machine, to end it for good.</summary>
internal static class CancelCommand
{
    public static Command Create()
    {
        var run = CommonOptions.Run();
        var store = CommonOptions.Store("alignguard-store");
        var command = new Command("cancel", "Ends a run or a sweep for good, wherever it runs: it commits the step it is at and publishes nothing. (Ctrl-C or SIGTERM only interrupts one.)") { run, store };
        command.SetAction(result => Guarded.RunAsync(() => RunAsync(result.GetRequiredValue(run), result.GetRequiredValue(store))));
        return command;
    }

    private static async Task<int> RunAsync(string run, string path)
    {
        var store = await StoreAddress.OpenAsync(path, lookOnly: true);
        if (await SweepRunner.CancelAsync(store, run))
        {
            Screen.Say($"Asked to cancel the sweep {run}: cells that wait are not begun, and runs under way stop with what they have.");
            return ExitCode.Done;
        }
        var status = await RunStatus.ReadAsync(store, run);
        if (status.Ended)
        {
            Screen.Say($"Run {run} has ended already: {status.Stage}.");
            return ExitCode.Done;
        }
        await RunMarkers.SetAsync(store, RunMarkers.Cancel(run));
        Screen.Say($"Asked to cancel {run}, at step {status.Step} of {status.Steps}. Whoever works on it ends within a step; if nobody does, the next `alignguard run` of its job ends it.");
        return ExitCode.Done;
    }
}
