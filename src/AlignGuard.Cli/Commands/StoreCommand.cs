using System.CommandLine;
using System.Text.Json;
using AlignGuard.Cli.Terminal;
using AlignGuard.Pipeline.Store;
using Command = System.CommandLine.Command;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard store verify RUN</c>: walks a run's chain of commits and says what is wrong with it.</summary>
internal static class StoreCommand
{
    public static Command Create() => new("store", "Looks after a store.") { Verify() };

    private static Command Verify()
    {
        var run = new Argument<string>("run") { Description = "Run id, as `alignguard status` lists it." };
        var store = CommonOptions.Store("alignguard-store");
        var command = new Command("verify", "Hashes every committed file of a run and follows its chain of records. Changes nothing; exit code 2 if something is wrong.") { run, store, CommonOptions.Json };
        command.SetAction(result => Guarded.RunAsync(() => VerifyAsync(result.GetRequiredValue(run), result.GetRequiredValue(store), result.GetValue(CommonOptions.Json))));
        return command;
    }

    private static async Task<int> VerifyAsync(string run, string path, bool json)
    {
        using var stop = new StopOnSignal();
        var report = await ChainCheck.RunAsync(StoreOption.Existing(path), run, stop.Signal.Token);
        if (json) Console.WriteLine(JsonSerializer.Serialize(report, new JsonSerializerOptions(JsonSerializerDefaults.Web) { WriteIndented = true }));
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
