using System.CommandLine;
using System.Globalization;
using AlignGuard.Cli.Terminal;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using Spectre.Console;
using Command = System.CommandLine.Command;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard status [RUN]</c>: how runs stand, from any machine that sees the store.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var run = new Argument<string?>("run") { Description = "Run id. Default: every run of the store.", DefaultValueFactory = _ => null };
        var store = CommonOptions.Store("alignguard-store");
        var command = new Command("status", "Shows how a run stands (stage, step, loss, drift, time left, last commit), or every run of a store.") { run, store, CommonOptions.Json };
        command.SetAction(result => Guarded.RunAsync(() => RunAsync(result.GetValue(run), result.GetRequiredValue(store), result.GetValue(CommonOptions.Json))));
        return command;
    }

    private static async Task<int> RunAsync(string? run, string path, bool json)
    {
        var store = await StoreAddress.OpenAsync(path, lookOnly: true);
        var ids = run is null ? await RunStatus.IdsAsync(store) : [run];
        var all = new List<RunStatus>();
        foreach (var id in ids)
        {
            try
            {
                all.Add(await RunStatus.ReadAsync(store, id));
            }
            catch (ForeignArtifactException e) when (run is null)
            {
                // One folder that is not ours does not hide the others.
                Screen.Say(e.Message);
            }
        }
        if (json)
        {
            Screen.Json(run is null ? all : all[0]);
            return ExitCode.Done;
        }
        var table = new Table().AddColumns("run", "stage", "step", "loss", "refused", "helpful", "task", "time left", "updated");
        foreach (var s in all)
            table.AddRow(new[]
            {
                s.RunId, s.Attempt > 1 ? $"{s.Stage} (attempt {s.Attempt})" : s.Stage, $"{s.Step}/{s.Steps}", s.Loss?.ToString("f3", CultureInfo.InvariantCulture) ?? "",
                Share(s.Drift?.Refusal), Share(s.Drift?.Helpful), Share(s.Drift?.Task), s.EtaSeconds is { } eta ? $"{(int)eta / 60}:{(int)eta % 60:d2}" : "",
                s.Updated?.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "",
            }.Select(Markup.Escape).ToArray());
        Screen.Out.Write(table);
        foreach (var s in all.Where(s => run is not null || s.Message is not null))
        {
            if (s.LastCommit is { } commit) Console.WriteLine($"Last commit: {commit}");
            if (s.Published is { } adapter) Console.WriteLine($"Published:   {adapter}");
            if (s.Message is { } message) Console.WriteLine($"{s.RunId}: {message}");
        }
        return ExitCode.Done;
    }

    private static string Share(double? value) => value is { } v ? string.Create(CultureInfo.InvariantCulture, $"{v * 100:f1} %") : "";
}
