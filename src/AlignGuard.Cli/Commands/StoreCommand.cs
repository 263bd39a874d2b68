using System.CommandLine;
using AlignGuard.Cli.Terminal;
using AlignGuard.Models;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using Command = System.CommandLine.Command;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard store verify RUN</c>: walks a run's chain of commits and says what is wrong with it; <c>store gc RUN</c>: removes what no commit names.</summary>
internal static class StoreCommand
{
    public static Command Create() => new("store", "Looks after a store.") { Verify(), Gc() };

    private static Command Verify()
    {
        var run = CommonOptions.Run();
        var store = CommonOptions.Store("alignguard-store");
        var command = new Command("verify", "Hashes every committed file of a run and follows its chain of records. Changes nothing; exit code 2 if something is wrong.") { run, store, CommonOptions.Json };
        command.SetAction(result => Guarded.RunAsync(() => VerifyAsync(result.GetRequiredValue(run), result.GetRequiredValue(store), result.GetValue(CommonOptions.Json))));
        return command;
    }

    private static Command Gc()
    {
        var run = CommonOptions.Run();
        var store = CommonOptions.Store("alignguard-store");
        var apply = new Option<bool>("--apply") { Description = "Remove them. Default: only say what would be removed." };
        var command = new Command("gc", "Removes files of attempts that lost or never ended. Committed files are never touched.") { run, store, apply, CommonOptions.Json };
        command.SetAction(result => Guarded.RunAsync(() => GcAsync(result.GetRequiredValue(run), result.GetRequiredValue(store), result.GetValue(apply), result.GetValue(CommonOptions.Json))));
        return command;
    }

    private static async Task<int> GcAsync(string run, string path, bool apply, bool json)
    {
        using var stop = new StopOnSignal();
        var store = await StoreAddress.OpenAsync(path, lookOnly: true);
        var status = await RunStatus.ReadAsync(store, run);
        if (!status.Ended)
            throw new UserFaultException([$"Run {run} is not finished ({status.Stage}): an attempt may be writing right now, and its files look like litter until they are committed. Finish the run first."]);
        var report = await ChainCheck.RunAsync(store, run, stop.Signal.Token);
        if (report.Problems.Count > 0)
            throw new UserFaultException([.. report.Problems, $"Run {run} is damaged: nothing is removed, since a damaged record's files look like litter. Run its job again first."]);
        if (apply) await RemoveAsync(store, run, report.Strays);
        if (json) Screen.Json(new { removed = apply, files = report.Strays });
        else
        {
            foreach (var name in report.Strays) Console.WriteLine(name);
            Console.WriteLine(report.Strays.Count == 0 ? "Nothing to remove." : apply ? $"{report.Strays.Count} files removed." : $"{report.Strays.Count} files would be removed; give --apply to do it.");
        }
        return ExitCode.Done;
    }

    /// <summary>Under the run's lease: a failed run may be taken up again at any moment.</summary>
    private static async Task RemoveAsync(IArtifactStore store, string run, IReadOnlyList<string> names)
    {
        await using var lease = await store.TryLeaseAsync($"runs/{run}/lock", "store gc", TimeSpan.FromSeconds(60))
            ?? throw new UserFaultException([$"Run {run} is being worked on right now: nothing is removed. Try again when it has ended."]);
        foreach (var name in names)
        {
            await store.DeleteAsync(name);
            if (!await lease.RenewAsync()) throw new UserFaultException([$"Run {run} was taken up in the meantime: the rest stays. Try again when it has ended."]);
        }
    }

    private static async Task<int> VerifyAsync(string run, string path, bool json)
    {
        using var stop = new StopOnSignal();
        var report = await ChainCheck.RunAsync(await StoreAddress.OpenAsync(path, lookOnly: true), run, stop.Signal.Token);
        if (json) Screen.Json(report);
        else
        {
            Console.WriteLine($"{report.Records} records, {report.Files} files, {report.Bytes:N0} bytes: {(report.Problems.Count == 0 ? "intact" : $"{report.Problems.Count} problems")}.");
            foreach (var problem in report.Problems) Console.WriteLine(problem);
            if (report.Strays.Count > 0) Console.WriteLine($"{report.Strays.Count} files belong to attempts that no record names; they are never read.");
            if (report.Problems.Count > 0) Console.WriteLine("`alignguard run` with the same job falls back to the part that is intact and goes on from there.");
        }
        return report.Problems.Count == 0 ? ExitCode.Done : ExitCode.BadInput;
    }
}
