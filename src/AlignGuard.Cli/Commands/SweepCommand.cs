using System.CommandLine;
using System.Globalization;
using AlignGuard.Cli.Terminal;
using AlignGuard.Domain.Sweeps;
using AlignGuard.Pipeline.Store;
using AlignGuard.Pipeline.Sweeps;
using Spectre.Console;
using Command = System.CommandLine.Command;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard sweep sweep.yaml</c>: one run for every cell of a grid, a table and the front of refusals kept against task score. The same command again goes on.</summary>
internal static class SweepCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("sweep") { Description = "Sweep file (YAML or JSON): a job and a grid or list of its keys." };
        var store = CommonOptions.Store("alignguard-store");
        var csv = new Option<string?>("--csv") { Description = "Write the table to this file too." };
        var command = new Command("sweep", "Runs a job for every cell of a grid; goes on where it was interrupted, tries failed cells again, prints the result when it is finished.")
        {
            file, store, csv, CommonOptions.Set, CommonOptions.Device, CommonOptions.Json,
        };
        command.SetAction(result => Guarded.RunAsync(() => RunAsync(result.GetRequiredValue(file), result.GetRequiredValue(store), result.GetValue(CommonOptions.Set) ?? [],
            result.GetValue(csv), result.GetValue(CommonOptions.Json))));
        return command;
    }

    private static async Task<int> RunAsync(string file, string storePath, string[] overrides, string? csv, bool json)
    {
        var sweep = SweepJob.Read(file, overrides);
        var store = await StoreAddress.OpenAsync(storePath);
        using var stop = new StopOnSignal();
        var driven = await new SweepRunner(sweep, store, new RunProcesses(storePath, store), new SweepProgressLines(sweep), stop.Signal.Token).RunAsync();
        var rows = SweepTable.Rows(sweep.Spec, driven.State);
        if (driven.Stopped)
        {
            Screen.Say($"Stopped with {driven.State.Results.Length} of {rows.Length} cells done. The same command goes on.");
            return ExitCode.Stopped;
        }
        var page = await SweepReport.WriteAsync(store, sweep, driven.State);
        if (csv is not null) await File.WriteAllTextAsync(csv, SweepTable.Csv(rows));
        if (json) Console.WriteLine(SweepReport.ToJson(sweep, rows));
        else Print(rows, Path.Combine(store.Location, page));
        return driven.State.Cancelling ? ExitCode.Stopped : rows.All(r => r.Outcome == "failed") ? ExitCode.Fault : ExitCode.Done;
    }

    private static void Print(SweepRow[] rows, string page)
    {
        var table = new Table().AddColumns("cell", "outcome", "refusals kept", "over-refusal", "helpful", "task", "front");
        foreach (var r in rows)
            table.AddRow(new[] { r.Label, r.Outcome, Share(r.RefusalKept), Share(r.OverRefusal), Share(r.Helpful), Share(r.Task), r.OnFront ? "*" : "" }.Select(Markup.Escape).ToArray());
        Screen.Out.Write(table);
        foreach (var r in rows.Where(r => r.Reason.Length > 0)) Console.WriteLine($"{r.Label}: {r.Outcome}. {r.Reason}");
        Console.WriteLine("*: on the front; no other cell keeps more refusals and scores higher on the task.");
        Console.WriteLine($"Report:  {page}");
    }

    private static string Share(double? value) => value is { } v ? string.Create(CultureInfo.InvariantCulture, $"{v * 100:f1} %") : "";
}
