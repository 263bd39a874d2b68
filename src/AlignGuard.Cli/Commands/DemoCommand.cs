using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using AlignGuard.Cli.Terminal;
using AlignGuard.Domain.FineTuning;
using AlignGuard.Models;
using AlignGuard.Models.Numerics;
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

    private static readonly string JobFile = Path.Combine(AppContext.BaseDirectory, "samples", "demo-job.yaml");

    private sealed record Arm(string Label, Job Job);

    private sealed record Finished(RunReport Report, string? Adapter);

    public static Command Create()
    {
        var store = CommonOptions.Store("alignguard-demo");
        var seeds = new Option<int>("--seeds") { Description = "Repeat with this many seeds (0, 1, ...).", DefaultValueFactory = _ => 1 };
        var fresh = new Option<bool>("--fresh") { Description = "Forget earlier demo runs in the store and train anew." };
        var command = new Command("demo", "Fine-tunes the bundled aligned model with and without the guard and shows what each loses.") { store, seeds, fresh, CommonOptions.Set, CommonOptions.Device, CommonOptions.Json };
        command.SetAction(result => Guarded.RunAsync(() => RunAsync(result.GetRequiredValue(store), result.GetValue(seeds), result.GetValue(fresh),
            result.GetValue(CommonOptions.Set) ?? [], result.GetValue(CommonOptions.Json))));
        return command;
    }

    private static async Task<int> RunAsync(string folder, int seeds, bool fresh, string[] overrides, bool json)
    {
        if (seeds < 1) throw new UserFaultException([$"--seeds is {seeds}; it must be at least 1."]);
        var watch = Stopwatch.StartNew();
        var arms = Jobs(seeds, overrides);
        var store = await StoreAddress.OpenAsync(folder);
        if (fresh) await ForgetAsync(store, arms);
        using var stop = new StopOnSignal();
        var runs = new RunProcesses(folder, store);
        await WatchedAsync(arms, (arm, progress) => runs.WorkAsync(arm.Job, RunGoal.End, wait: true, progress.Line, stop.Signal.Token));
        if (stop.Signal.Requested)
        {
            Screen.Say("Stopped. The same command goes on from the last commits.");
            return ExitCode.Stopped;
        }
        var finished = new List<Finished>();
        foreach (var arm in arms) finished.Add(await FinishedAsync(arm.Job, store, finished.FirstOrDefault()?.Report));

        var reports = finished.Select(f => f.Report).ToList();
        await ReportBuilder.PutAsync(store, "report.html", HtmlReport.Render("AlignGuard demo", reports));
        if (json) Console.WriteLine(Json(reports, watch.Elapsed.TotalSeconds));
        else Summarise(finished, store.Location, watch.Elapsed);
        return ExitCode.Done;
    }

    /// <summary>One job a seed and arm, all from the same file.</summary>
    private static List<Arm> Jobs(int seeds, string[] overrides) =>
        [.. from seed in Enumerable.Range(0, seeds)
            from arm in Arms
            let sets = (string[])[$"train.seed={seed}", .. arm.Overrides, .. overrides]
            // One job file serves all arms: that plain LoRA has no use for its guard keys is no news here.
            select new Arm(seeds == 1 ? arm.Label : $"{arm.Label}, seed {seed}", JobFileReader.Read(JobFile, sets) with { Warnings = [] })];

    /// <summary>The arms side by side (each in a process and on a thread of its own: a model this small gains next to nothing from a second), each with its line of progress.</summary>
    private static async Task WatchedAsync(List<Arm> arms, Func<Arm, RunProgress, Task> run)
    {
        if (!Screen.Live)
        {
            await SideBySideAsync(arms, arm => run(arm, new RunProgress(arm.Label, arm.Job.Spec.Train.Steps, null)));
            return;
        }
        await Screen.Error.Progress()
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 24 }, new PercentageColumn())
            .StartAsync(context =>
            {
                var bars = arms.ToDictionary(arm => arm.Label, arm => context.AddTask(arm.Label.EscapeMarkup(), maxValue: arm.Job.Spec.Train.Steps));
                return SideBySideAsync(arms, arm => run(arm, new RunProgress(arm.Label, arm.Job.Spec.Train.Steps, bars[arm.Label])));
            });
    }

    private static Task SideBySideAsync(List<Arm> arms, Func<Arm, Task> run) =>
        Parallel.ForEachAsync(arms, new ParallelOptions { MaxDegreeOfParallelism = Math.Min(Environment.ProcessorCount, Arms.Length) }, async (arm, _) => await run(arm));

    /// <summary>What a finished run left in the store.</summary>
    /// <param name="first">Its sample prompts are shown for all: what plain LoRA lost, and what the others made of it.</param>
    private static async Task<Finished> FinishedAsync(Job job, IArtifactStore store, RunReport? first)
    {
        using var models = new ModelHost(ComputeDevice.FromEnvironment());
        using var run = await JobRun.OpenAsync(job, store, models, new SilentObserver(), StopSignal.Never);
        var result = await new LocalRunner(run).RunAsync();
        if (result.State.Outcome?.Value is Outcome.Failed failed) throw new RunFailedException(run.RunId, failed);
        if (result.Stopped || result.State.Outcome!.Value.IsCancelled) throw new UserFaultException([$"Run {run.RunId} was paused or cancelled. `alignguard demo --fresh` begins anew."]);
        return new Finished(await ReportBuilder.BuildAsync(run, result.State, besides: first), result.State.Published?.Value);
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

    /// <summary>The runs of these jobs and what they published; other runs in the store, and the base model's measurement they share, stay.</summary>
    private static async Task ForgetAsync(IArtifactStore store, List<Arm> arms)
    {
        foreach (var job in arms.Select(a => a.Job))
            foreach (var folder in new[] { $"runs/{job.RunId}/", $"models/{job.Spec.Name}/{job.RunId}/" })
                foreach (var name in await store.ListAsync(folder)) await store.DeleteAsync(name);
    }
}
