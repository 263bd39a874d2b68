using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using AlignGuard.Cli.Terminal;
using AlignGuard.Domain.FineTuning;
using AlignGuard.Models;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Reports;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using Spectre.Console;
using Command = System.CommandLine.Command;

namespace AlignGuard.Cli.Commands;

/// <summary>
/// <c>alignguard demo</c>: fine-tunes the bundled aligned model with plain LoRA and with AlignGuard on the same data, steps and seed, beside them the
/// <c>left</c> projector and the <c>random</c> control, and lets the gate decide on each. Everything in it is the ordinary pipeline.
/// </summary>
internal static class DemoCommand
{
    private static readonly (string Label, string[] Overrides)[] Arms =
    [
        ("plain LoRA", ["method=lora"]),
        ("AlignGuard", []),
        ("left", ["guard.projector=left"]),
        ("random control", ["guard.projector=random"]),
    ];

    private sealed record Finished(RunReport Report, string? Adapter);

    public static Command Create()
    {
        var store = CommonOptions.Store("alignguard-demo");
        var seeds = new Option<int>("--seeds") { Description = "Repeat with this many seeds (0, 1, ...).", DefaultValueFactory = _ => 1 };
        var fresh = new Option<bool>("--fresh") { Description = "Forget earlier demo runs in the store and train anew." };
        var command = new Command("demo", "Fine-tunes the bundled aligned model with and without the guard and shows what each loses.") { store, seeds, fresh, CommonOptions.Set, CommonOptions.Json };
        command.SetAction(result => Guarded.RunAsync(() => RunAsync(result.GetRequiredValue(store), result.GetValue(seeds), result.GetValue(fresh),
            result.GetValue(CommonOptions.Set) ?? [], result.GetValue(CommonOptions.Json))));
        return command;
    }

    private static async Task<int> RunAsync(string folder, int seeds, bool fresh, string[] overrides, bool json)
    {
        if (seeds < 1) throw new UserFaultException([$"--seeds is {seeds}; it must be at least 1."]);
        var watch = Stopwatch.StartNew();
        if (fresh && Directory.Exists(Path.Combine(folder, "runs"))) Forget(folder);
        var store = new FolderStore(folder);
        using var models = new ModelHost();
        using var stop = new StopOnSignal();
        var file = Path.Combine(AppContext.BaseDirectory, "samples", "demo-job.yaml");
        var finished = new List<Finished>();
        for (var seed = 0; seed < seeds; seed++)
            foreach (var (label, own) in Arms)
            {
                // One job file serves all arms: that plain LoRA has no use for its guard keys is no news here.
                var job = JobFileReader.Read(file, [$"train.seed={seed}", .. own, .. overrides]) with { Warnings = [] };
                var name = seeds == 1 ? label : $"{label}, seed {seed}";
                if (await OneAsync(job, name, store, models, stop.Signal) is not { } done)
                {
                    Screen.Say("Stopped. The same command goes on from the last commit.");
                    return ExitCode.Stopped;
                }
                finished.Add(done);
            }

        var reports = finished.Select(f => f.Report).ToList();
        await ReportBuilder.PutAsync(store, "report.html", HtmlReport.Render("AlignGuard demo", reports));
        if (json) Console.WriteLine(Json(reports, watch.Elapsed.TotalSeconds));
        else Summarise(finished, store.Location, watch.Elapsed);
        return ExitCode.Done;
    }

    private static async Task<Finished?> OneAsync(Job job, string label, IArtifactStore store, ModelHost models, StopSignal stop)
    {
        if (!Screen.Live) return await DriveAsync(job, store, models, new RunProgress(label, job.Spec.Train.Steps, null), stop);
        return await Screen.Error.Progress()
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 24 }, new PercentageColumn())
            .StartAsync(context => DriveAsync(job, store, models, new RunProgress(label, job.Spec.Train.Steps, context.AddTask(label.EscapeMarkup(), maxValue: job.Spec.Train.Steps)), stop));
    }

    private static async Task<Finished?> DriveAsync(Job job, IArtifactStore store, ModelHost models, RunProgress progress, StopSignal stop)
    {
        var run = await JobRun.OpenAsync(job, store, models, progress, stop);
        var result = await new LocalRunner(run).RunAsync();
        if (result.Stopped) return null;
        if (result.State.Outcome!.Value is Outcome.Failed failed) throw new UserFaultException([$"{failed.CommandId}: {failed.Fault.Message}"]);
        var report = await ReportBuilder.BuildAsync(run, result.State);
        await ReportBuilder.WriteAsync(run, report);
        return new Finished(report, result.State.Published?.Value);
    }

    private static void Summarise(List<Finished> finished, string store, TimeSpan took)
    {
        ResultTable.Print([.. finished.Select(f => f.Report)]);
        foreach (var adapter in finished.Select(f => f.Adapter).OfType<string>()) Console.WriteLine($"Adapter: {Path.Combine(store, adapter)}");
        Console.WriteLine($"Report:  {Path.Combine(store, "report.html")}");
        Console.WriteLine($"Took {(int)took.TotalMinutes}:{took.Seconds:d2}.");
    }

    private static string Json(IEnumerable<RunReport> reports, double seconds) => JsonSerializer.Serialize(new
    {
        runs = reports.Select(r => new
        {
            method = r.Method,
            projector = r.Projector,
            seed = r.Seed,
            @base = new { refusal = r.Base.Refusal.Value, overRefusal = r.Base.OverRefusal.Value, helpful = r.Base.Helpful.Value },
            tuned = new { refusal = r.Tuned.Refusal.Value, overRefusal = r.Tuned.OverRefusal.Value, helpful = r.Tuned.Helpful.Value, complied = r.Tuned.Complied.Value, task = r.Tuned.Task?.Value },
            gate = r.Outcome,
        }),
        seconds,
    }, new JsonSerializerOptions { WriteIndented = true });

    /// <summary>Only what the demo itself wrote.</summary>
    private static void Forget(string folder)
    {
        foreach (var run in Directory.EnumerateDirectories(Path.Combine(folder, "runs"), "demo-*")) Directory.Delete(run, recursive: true);
        foreach (var part in new[] { Path.Combine(folder, "models", "demo"), Path.Combine(folder, "baselines") })
            if (Directory.Exists(part)) Directory.Delete(part, recursive: true);
    }
}
