using System.CommandLine;
using AlignGuard.Cli.Terminal;
using AlignGuard.Models;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using Command = System.CommandLine.Command;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard pause RUN</c>: asks whoever works on a run to stop; <c>resume RUN</c>: lets it go on, here.</summary>
internal static class PauseCommand
{
    public static Command Pause()
    {
        var run = CommonOptions.Run();
        var store = CommonOptions.Store("alignguard-store");
        var command = new Command("pause", "Stops a run wherever it runs: it commits the step it is at, and stays stopped until `alignguard resume`.") { run, store };
        command.SetAction(result => Guarded.RunAsync(() => PauseAsync(result.GetRequiredValue(run), result.GetRequiredValue(store))));
        return command;
    }

    public static Command Resume()
    {
        var run = CommonOptions.Run();
        var store = CommonOptions.Store("alignguard-store");
        var command = new Command("resume", "Goes on with a run that was paused or interrupted, from the store alone.") { run, store, CommonOptions.Device, CommonOptions.Json };
        command.SetAction(result => Guarded.RunAsync(() => ResumeAsync(result.GetRequiredValue(run), result.GetRequiredValue(store), result.GetValue(CommonOptions.Json))));
        return command;
    }

    private static async Task<int> PauseAsync(string run, string path)
    {
        var store = await StoreAddress.OpenAsync(path, lookOnly: true);
        var status = await RunStatus.ReadAsync(store, run);
        if (status.Ended) throw new UserFaultException([$"Run {run} has ended already: {status.Stage}."]);
        await RunMarkers.SetAsync(store, RunMarkers.Pause(run));
        Screen.Say($"Asked to pause {run}, at step {status.Step} of {status.Steps}. `alignguard resume {run}` goes on.");
        return ExitCode.Done;
    }

    private static async Task<int> ResumeAsync(string run, string path, bool json)
    {
        var store = await StoreAddress.OpenAsync(path);
        var job = await StoredJob.ReadAsync(store, run);
        await store.DeleteAsync(RunMarkers.Pause(run));
        return await RunCommand.RunAsync(job, store, json);
    }
}
