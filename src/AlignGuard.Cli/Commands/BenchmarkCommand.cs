using System.CommandLine;
using AlignGuard.Cli.Terminal;
using AlignGuard.Domain.Tasks;
using AlignGuard.Evaluation.Tasks.Benchmarks;
using AlignGuard.Models;
using AlignGuard.Models.Numerics;
using AlignGuard.Pipeline.Export;
using Spectre.Console;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard benchmark TASK --model DIR --data PATH</c>: a public benchmark, from its official files; <c>alignguard benchmark list</c>: which there are.</summary>
internal static class BenchmarkCommand
{
    private sealed record Request(string Task, string Model, string Data)
    {
        public string? Adapter { get; init; }
        public string? Exemplars { get; init; }
        public int Shots { get; init; }
        public int? Seed { get; init; }
        public int? Limit { get; init; }
        public bool Chat { get; init; }
        public string? Out { get; init; }
        public BenchmarkOptions Options { get; init; } = new();
    }

    public static Command Create()
    {
        var defaults = new BenchmarkOptions();
        var task = new Argument<string>("task") { Description = "Benchmark, as `alignguard benchmark list` names it." };
        var model = new Option<string>("--model") { Description = "Checkpoint in Hugging Face layout.", Required = true };
        var data = new Option<string>("--data") { Description = "The benchmark's official file, or a folder of them.", Required = true };
        var adapter = new Option<string?>("--adapter") { Description = "PEFT adapter on top of the model." };
        var shots = new Option<int>("--shots") { Description = "Exemplars before every question.", DefaultValueFactory = _ => 0 };
        var exemplars = new Option<string?>("--exemplars") { Description = "File or folder of another split that exemplars come from. Default: rows of the data that are marked as training rows." };
        var seed = new Option<int?>("--seed") { Description = "Draws the exemplars of every question. Default: the first of the file." };
        var limit = new Option<int?>("--limit") { Description = "Asks the first questions only: so many, of each subject. For trying; not for results." };
        var chat = new Option<bool>("--chat") { Description = "Asks by the model's chat template. Default: as plain text, as published results are." };
        var batch = new Option<int>("--batch-size") { Description = "Rows computed at once.", DefaultValueFactory = _ => defaults.BatchSize };
        var tokens = new Option<int>("--max-new-tokens") { Description = "Tokens of a written answer, at most.", DefaultValueFactory = _ => defaults.MaxNewTokens };
        var samples = new Option<string?>("--out") { Description = "File that takes every question with its answer (JSONL)." };
        var command = new Command("benchmark", "Scores a model on a public benchmark (GLUE, SuperGLUE, AdvGLUE, MMLU, scenarios of HELM) from its official files, each figure with its standard error.")
            { task, model, data, adapter, shots, exemplars, seed, limit, chat, batch, tokens, samples, CommonOptions.Device, CommonOptions.Json, List() };
        command.SetAction(result => Guarded.RunAsync(() => Task.FromResult(Run(
            new Request(result.GetRequiredValue(task), result.GetRequiredValue(model), result.GetRequiredValue(data))
            {
                Adapter = result.GetValue(adapter), Exemplars = result.GetValue(exemplars), Shots = result.GetValue(shots), Seed = result.GetValue(seed), Limit = result.GetValue(limit),
                Chat = result.GetValue(chat), Out = result.GetValue(samples), Options = new BenchmarkOptions { BatchSize = result.GetValue(batch), MaxNewTokens = result.GetValue(tokens) },
            },
            result.GetValue(CommonOptions.Json)))));
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "Lists the benchmarks: file, metrics, what a model chooses from, version, wording.") { CommonOptions.Json };
        command.SetAction(result =>
        {
            if (result.GetValue(CommonOptions.Json))
            {
                Screen.Json(BenchmarkTasks.All.Select(t => new { name = t.Name, version = t.Version, file = t.File, metrics = t.Metrics.Select(m => m.Name), answers = t.Answers, preamble = t.Preamble, prompt = t.Prompt }));
                return ExitCode.Done;
            }
            var table = new Table().AddColumns("benchmark", "version", "file", "metrics", "answers");
            foreach (var t in BenchmarkTasks.All) table.AddRow(t.Name, $"{t.Version}", t.File.EscapeMarkup(), string.Join(", ", t.Metrics.Select(m => m.Name)), t.Answers.EscapeMarkup());
            Screen.Out.Write(table);
            Console.WriteLine("With --json the wording of each is listed too.");
            return ExitCode.Done;
        });
        return command;
    }

    private static int Run(Request request, bool json)
    {
        var problems = new List<string>();
        if (request.Limit is < 1) problems.Add($"--limit is {request.Limit}; 1 or more is expected.");
        if (request.Options.BatchSize < 1) problems.Add($"--batch-size is {request.Options.BatchSize}; 1 or more is expected.");
        if (request.Options.MaxNewTokens < 1) problems.Add($"--max-new-tokens is {request.Options.MaxNewTokens}; 1 or more is expected.");
        if (!Directory.Exists(request.Model)) problems.Add($"--model: there is no folder {request.Model}. Give a Hugging Face checkpoint's.");
        if (problems.Count > 0) throw new UserFaultException(problems);

        var task = BenchmarkTasks.Find(request.Task);
        var rows = BenchmarkFile.Read(task, request.Data);
        var items = rows.Where(i => !i.Exemplar).GroupBy(i => i.Subject).SelectMany(s => s.Take(request.Limit ?? int.MaxValue)).ToList();
        if (items.Count == 0) throw new UserFaultException($"{request.Data}: all {rows.Count} rows are training rows: there is no question to ask.");
        var prompts = new FewShot(task, items, request.Exemplars is { } other ? BenchmarkFile.Read(task, other) : [.. rows.Where(i => i.Exemplar)], request.Shots, request.Seed);
        using var model = TextModel.Load(request.Model, request.Chat, ComputeDevice.FromEnvironment(), request.Adapter is { } adapter ? loaded => AdapterBase.Load(loaded, request.Model, adapter) : null);
        var result = Progressing(progress => Benchmark.Run(model, task, items, prompts, request.Options with { Progress = progress }));
        if (request.Out is { } samples) SampleFile.Write(samples, result, prompts);
        if (json) Screen.Json(Document(request, result));
        else Show(request, result);
        return ExitCode.Done;
    }

    private static BenchmarkResult Progressing(Func<Action<int, int>?, BenchmarkResult> run) =>
        !Screen.Live ? run(null) : Screen.Error.Progress().AutoClear(true).Start(context =>
        {
            var bar = context.AddTask("asking");
            return run((done, all) => bar.Value = 100.0 * done / all);
        });

    private static object Document(Request r, BenchmarkResult result) => new
    {
        task = result.Task.Name, version = result.Task.Version, model = r.Model, adapter = r.Adapter, data = r.Data, shots = r.Shots, exemplars = r.Exemplars, seed = r.Seed, chat = r.Chat, limit = r.Limit,
        items = result.Answers.Count, cutPrompts = result.Answers.Count(a => a.Cut > 0),
        scores = result.Scores.Select(s => new { metric = s.Metric, value = s.Score.Value, standardError = Finite(s.Score.StandardError), items = s.Score.Items }),
        subjects = result.Subjects.Select(s => new { subject = s.Subject, metric = result.Task.Metrics[0].Name, value = s.Score.Value, standardError = Finite(s.Score.StandardError), items = s.Score.Items }),
    };

    private static void Show(Request r, BenchmarkResult result)
    {
        var table = new Table().AddColumns("benchmark", "version", "shots", "metric", "value", "standard error", "items");
        string[] Row(string name, string metric, Score s) => [name.EscapeMarkup(), $"{result.Task.Version}", $"{r.Shots}", metric, $"{s.Value:f4}", double.IsNaN(s.StandardError) ? "" : $"{s.StandardError:f4}", $"{s.Items:N0}"];
        foreach (var (metric, score) in result.Scores) table.AddRow(Row(result.Task.Name, metric, score));
        foreach (var (subject, score) in result.Subjects) table.AddRow(Row($"  {subject}", result.Task.Metrics[0].Name, score));
        Screen.Out.Write(table);
        if (r.Limit is not null) Screen.Say("--limit: not all questions were asked; these are no results to compare.");
        if (result.Answers.Count(a => a.Cut > 0) is > 0 and var cut) Screen.Say($"{cut:N0} of {result.Answers.Count:N0} prompts are longer than the model's context and lost their beginning.");
    }

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;
}
