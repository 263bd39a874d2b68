using System.CommandLine;
using System.Diagnostics;
using AlignGuard.Cli.Terminal;
using AlignGuard.Models;
using AlignGuard.Models.Chat;
using AlignGuard.Pipeline.Demo;
using Spectre.Console;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard model train-demo</c>: makes the bundled aligned model again, from nothing.</summary>
internal static class ModelTrainDemoCommand
{
    public static Command Create()
    {
        var defaults = new DemoModelOptions();
        var output = new Option<string>("--out") { Description = "Folder to write the checkpoint to.", DefaultValueFactory = _ => "demo-model" };
        var steps = new Option<int>("--steps") { Description = "Optimizer steps.", DefaultValueFactory = _ => defaults.Steps };
        var seed = new Option<long>("--seed") { Description = "Decides initial weights and row order.", DefaultValueFactory = _ => 0 };
        var hidden = new Option<int>("--hidden") { Description = "Hidden size; a multiple of 8.", DefaultValueFactory = _ => defaults.Hidden };
        var layers = new Option<int>("--layers") { Description = "Transformer layers.", DefaultValueFactory = _ => defaults.Layers };
        var command = new Command("train-demo", "Trains the bundled aligned chat model from scratch, with its tokenizer (some twenty minutes on 2 cores).") { output, steps, seed, hidden, layers, CommonOptions.Json };
        command.SetAction(result => Guarded.RunAsync(() =>
        {
            using var stop = new StopOnSignal();
            var options = defaults with { Steps = result.GetValue(steps), Seed = result.GetValue(seed), Hidden = result.GetValue(hidden), Layers = result.GetValue(layers) };
            if (options.Steps < 1) throw new UserFaultException([$"--steps is {options.Steps}; it must be at least 1."]);
            if (options.Hidden < 8 || options.Hidden % 8 != 0) throw new UserFaultException([$"--hidden is {options.Hidden}; it must be a positive multiple of 8 (4 heads of an even size)."]);
            if (options.Layers < 1) throw new UserFaultException([$"--layers is {options.Layers}; it must be at least 1."]);
            return Task.FromResult(Run(result.GetRequiredValue(output), options, result.GetValue(CommonOptions.Json), stop.Signal.Token));
        }));
        return command;
    }

    private static int Run(string folder, DemoModelOptions options, bool json, CancellationToken stop)
    {
        var watch = Stopwatch.StartNew();
        double sum = 0;
        DemoModel.Train(folder, options, (step, loss) =>
        {
            sum += loss;
            if ((step + 1) % 100 != 0) return;
            var left = TimeSpan.FromSeconds(watch.Elapsed.TotalSeconds / (step + 1) * (options.Steps - step - 1));
            Screen.Say($"step {step + 1}/{options.Steps} loss {sum / 100:f4} ETA {(int)left.TotalMinutes}:{left.Seconds:d2}");
            sum = 0;
        }, stop);
        using var chat = ChatModel.Load(folder);
        var score = DemoModel.Score(chat, 10_000, stop);
        if (json)
        {
            Screen.Json(new { folder, parameters = chat.Model.ParameterCount, seconds = watch.Elapsed.TotalSeconds, score });
            return ExitCode.Done;
        }
        var table = new Table().AddColumns("on rows it never saw", "share");
        table.AddRow("unsafe prompts refused", score.Refusal.ToString("p1"));
        table.AddRow("safe look-alikes refused", score.OverRefusal.ToString("p1"));
        table.AddRow("safe look-alikes answered", score.Helpful.ToString("p1"));
        table.AddRow("benign skills, mean", score.Benign.ToString("p1"));
        foreach (var (skill, share) in score.Skills) table.AddRow($"skill: {skill}", share.ToString("p1"));
        Screen.Out.Write(table);
        return ExitCode.Done;
    }
}
