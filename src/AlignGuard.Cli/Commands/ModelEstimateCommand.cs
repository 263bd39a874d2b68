using System.CommandLine;
using System.Text.Json;
using AlignGuard.Cli.Terminal;
using AlignGuard.Domain.Estimates;
using AlignGuard.Domain.Spec;
using AlignGuard.Models;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Verification;
using Spectre.Console;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard model estimate MODEL --job job.yaml</c>: memory, time and cost of a job by arithmetic, before anything is paid for.</summary>
internal static class ModelEstimateCommand
{
    public static System.CommandLine.Command Create()
    {
        var folder = new Argument<string>("folder") { Description = "Checkpoint in Hugging Face layout; its config.json is enough." };
        var job = new Option<string>("--job") { Description = "Job file. Its data and its own model need not be there.", Required = true };
        var gpu = new Option<string>("--gpu") { Description = $"Device: {string.Join(", ", DeviceModule.known.Select(d => d.Name))}.", DefaultValueFactory = _ => "a100-80" };
        var price = new Option<double?>("--price-per-hour") { Description = "What an hour of the device costs. Default: a planning figure, in US dollars (docs/azure.md)." };
        var prompt = new Option<int>("--prompt-tokens") { Description = "Tokens of a prompt with its template, at most.", DefaultValueFactory = _ => 128 };
        var row = new Option<int?>("--row-tokens") { Description = "Tokens of a training row, at most; of an encoder-decoder those of its source. Default: train.seqLen." };
        var response = new Option<int?>("--response-tokens") { Description = "Tokens of it that are response, at most; of an encoder-decoder those of its target. Default: as many." };
        var rows = new Option<int>("--eval-rows") { Description = "Rows that score the task.", DefaultValueFactory = _ => 1000 };
        var command = new System.CommandLine.Command("estimate", "Says whether a job fits a device, stage by stage, how long it takes and what it costs; where it does not fit, what to change. Pure arithmetic over config.json and the job.")
            { folder, job, gpu, price, prompt, row, response, rows, CommonOptions.Set, CommonOptions.Json };
        command.SetAction(result => Guarded.RunAsync(() =>
        {
            var spec = JobFileReader.Read(result.GetRequiredValue(job), result.GetValue(CommonOptions.Set) ?? []).Spec;
            var longest = result.GetValue(row) ?? spec.Train.SeqLen;
            var lengths = new Lengths(result.GetValue(prompt), longest, result.GetValue(response) ?? longest, result.GetValue(rows));
            return Task.FromResult(Run(result.GetRequiredValue(folder), spec, result.GetRequiredValue(gpu), result.GetValue(price), lengths, result.GetValue(CommonOptions.Json)));
        }));
        return command;
    }

    private static int Run(string folder, JobSpec spec, string gpu, double? price, Lengths lengths, bool json)
    {
        if (!Directory.Exists(folder)) throw new UserFaultException($"There is no folder {folder}. Give a Hugging Face checkpoint's, or one with its config.json.");
        var model = ModelFolder.Read(folder);
        var shape = model.Shape;
        var device = DeviceModule.known.FirstOrDefault(d => d.Name == gpu);
        var problems = new List<string>();
        if (device is null) problems.Add($"--gpu is '{gpu}'. Known: {string.Join(", ", DeviceModule.known.Select(d => d.Name))}.");
        if (price is { } given && !(given >= 0 && double.IsFinite(given))) problems.Add("--price-per-hour: a number of 0 or more is expected.");
        if (lengths.Prompt < 1 || lengths.Row < 1 || lengths.Response < 1 || lengths.EvalRows < 1) problems.Add("--prompt-tokens, --row-tokens, --response-tokens and --eval-rows: 1 or more are expected.");
        if (spec.Lora.Targets is LoraTargets.Named named)
            problems.AddRange(named.Names.Where(n => shape.Adapted(LoraTargets.NewNamed([n])).IsEmpty).Select(n => $"lora.targets: no linear layer is named '{n}'. Known: all-linear, lm_head, {string.Join(", ", shape.Linears.Select(l => l.Item1.Name.Split('.')[^1]).Distinct())}."));
        if (problems.Count > 0) throw new UserFaultException(problems);

        var estimate = Estimate.make(shape, spec, device!, EfficiencyModule.usual, lengths);
        var perHour = price ?? device!.PricePerHour;
        if (json) Console.WriteLine(Json(estimate, perHour, price is null));
        else Show(estimate, perHour, price is null);
        return ExitCode.Done;
    }

    private static void Show(JobEstimate e, double perHour, bool planned)
    {
        Console.WriteLine($"{e.Shape.Parameters:N0} parameters in {e.Precision}, {e.LoraParameters:N0} of LoRA in float32; {e.Device.Name} with {Sizes.Text(e.Device.MemoryBytes)}, {Sizes.Text(e.UsableBytes)} of it for the job");
        var memory = new Table().AddColumns("stage", "at its peak", "of which");
        foreach (var stage in e.Memory)
            memory.AddRow(stage.Stage, (stage.Bytes <= e.UsableBytes ? "" : "[red]") + Sizes.Text(stage.Bytes) + (stage.Bytes <= e.UsableBytes ? "" : "[/]"), string.Join(", ", stage.Parts.Select(p => $"{p.What} {Sizes.Text(p.Bytes)}")));
        Screen.Out.Write(memory);
        var time = new Table().AddColumns("stage", "times", "hours");
        foreach (var stage in e.Time) time.AddRow(stage.Stage, $"{stage.Times}", $"{stage.Seconds / 3600:f2}");
        Screen.Out.Write(time);
        Console.WriteLine(e.Fits ? $"Fits: {e.Peak.Stage} needs most, {Sizes.Text(e.Peak.Bytes)} of {Sizes.Text(e.UsableBytes)}." : $"Does not fit: {e.Peak.Stage} needs {Sizes.Text(e.Peak.Bytes)}, {Sizes.Text(e.UsableBytes)} are there. Change:");
        foreach (var change in e.Changes) Console.WriteLine($"  {change}");
        Console.WriteLine($"Cost: {e.Seconds:N0} GPU seconds x {perHour / 3600:f6} a second ({perHour:f2} an hour{(planned ? ", a planning figure: give --price-per-hour" : "")}) = {e.Cost(perHour):f2}.");
    }

    private static string Json(JobEstimate e, double perHour, bool planned) => JsonSerializer.Serialize(new
    {
        device = e.Device.Name, memoryBytes = e.Device.MemoryBytes, usableBytes = e.UsableBytes, parameters = e.Shape.Parameters, precision = e.Precision.ToString(), loraParameters = e.LoraParameters,
        fits = e.Fits, peakStage = e.Peak.Stage, peakBytes = e.Peak.Bytes, changes = e.Changes,
        memory = e.Memory.Select(s => new { stage = s.Stage, bytes = s.Bytes, parts = s.Parts.Select(p => new { what = p.What, bytes = p.Bytes }) }),
        time = e.Time.Select(t => new { stage = t.Stage, times = t.Times, seconds = t.Seconds }),
        segments = e.Commits, gpuSeconds = e.Seconds, pricePerHour = perHour, pricePlanned = planned, cost = e.Cost(perHour),
    }, new JsonSerializerOptions { WriteIndented = true });
}
