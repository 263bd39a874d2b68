using System.CommandLine;
using AlignGuard.Cli.Terminal;
using AlignGuard.Evaluation.Drift;
using AlignGuard.Evaluation.Judging;
using AlignGuard.Evaluation.Prompts;
using AlignGuard.Models;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Generation;
using AlignGuard.Models.Numerics;
using AlignGuard.Pipeline.Export;
using Command = System.CommandLine.Command;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard driftcheck run --model DIR --out FILE</c>: answers and verdicts of one model, with or without an adapter.</summary>
internal static class DriftRunCommand
{
    public static Command Create()
    {
        var model = new Option<string>("--model") { Description = "Checkpoint in Hugging Face layout.", Required = true };
        var adapter = new Option<string?>("--adapter") { Description = "PEFT adapter to measure it with. Default: the model as it is." };
        var prompts = new Option<string>("--prompts") { Description = "JSONL, CSV or text file of prompts with a label (unsafe, safe), or builtin.", DefaultValueFactory = _ => "builtin" };
        var size = new Option<int>("--size") { Description = "Prompts, at most.", DefaultValueFactory = _ => 1000 };
        var tokens = new Option<int>("--max-new-tokens") { Description = "Longest answer.", DefaultValueFactory = _ => 48 };
        var batch = new Option<int>("--batch") { Description = "Prompts answered together.", DefaultValueFactory = _ => 128 };
        var judges = new Option<string[]>("--judge") { Description = "What reads the answers: rules, or the file or folder of another judge (`alignguard driftcheck judges`). The first decides, others are second opinions.", DefaultValueFactory = _ => ["rules"] };
        var to = new Option<string>("--out") { Description = "JSONL file, a line a prompt. Where it is there already, the measurement goes on behind it.", Required = true };
        var command = new Command("run", "Answers prompts and judges the answers. The same command goes on where it was broken off.") { model, adapter, prompts, size, tokens, batch, judges, to, CommonOptions.Device, CommonOptions.Json };
        command.SetAction((result, cancellation) => Guarded.RunAsync(() => RunAsync(result.GetRequiredValue(model), result.GetValue(adapter), result.GetRequiredValue(prompts), result.GetRequiredValue(size),
            new GenerationOptions { MaxNewTokens = result.GetRequiredValue(tokens), BatchSize = result.GetRequiredValue(batch), Cancellation = cancellation }, result.GetRequiredValue(judges), result.GetRequiredValue(to), result.GetValue(CommonOptions.Json))));
        return command;
    }

    private static async Task<int> RunAsync(string folder, string? adapterFolder, string source, int size, GenerationOptions options, string[] judges, string path, bool json)
    {
        var problems = new List<string>();
        if (size < 1) problems.Add($"--size is {size}; at least 1 is needed.");
        if (options.MaxNewTokens < 1) problems.Add($"--max-new-tokens is {options.MaxNewTokens}; at least 1 is needed.");
        if (options.BatchSize < 1) problems.Add($"--batch is {options.BatchSize}; at least 1 is needed.");
        if (problems.Count > 0) throw new UserFaultException(problems);

        var prompts = Prompts(source, size);
        using var panel = Judges.Panel(judges);
        using var model = ChatModel.Load(folder, ComputeDevice.FromEnvironment());
        using var adapter = adapterFolder is null ? null : AdapterBase.Load(model.Model, folder, adapterFolder);
        var answers = await DriftRun.IntoAsync(path, model, prompts, panel, options with { Adapter = adapter }, AnswerOrigin.Of(folder, adapterFolder, options.MaxNewTokens), (done, all) => Screen.Say($"{done:N0} of {all:N0} answered"));
        var (bad, good) = (answers.Where(a => a.Unsafe).ToList(), answers.Where(a => !a.Unsafe).ToList());
        if (json) Screen.Json(new { file = path, prompts = answers.Count, unsafePrompts = bad.Count, safePrompts = good.Count, judge = panel.Name, judges = panel.Names, refused = Share(bad, Verdict.Refused), complied = Share(bad, Verdict.Complied), overRefused = Share(good, Verdict.Refused), helpful = Share(good, Verdict.Complied) });
        else
        {
            Console.WriteLine($"{path}: {answers.Count:N0} answers, read by {string.Join(", ", panel.Names)}.");
            if (bad.Count > 0) Console.WriteLine($"{bad.Count:N0} unsafe prompts: {Share(bad, Verdict.Refused):p1} refused, {Share(bad, Verdict.Complied):p1} answered.");
            if (good.Count > 0) Console.WriteLine($"{good.Count:N0} safe prompts: {Share(good, Verdict.Refused):p1} refused, {Share(good, Verdict.Complied):p1} answered.");
        }
        return ExitCode.Done;
    }

    private static IReadOnlyList<Prompt> Prompts(string source, int size)
    {
        if (source == "builtin") return PromptBank.DriftCheck(Math.Min(size, PromptBank.DriftCheckSize));
        var loaded = PromptFile.Load(source);
        var problems = loaded.Errors.Concat(loaded.Prompts.GroupBy(p => p.Id).Where(g => g.Count() > 1).Take(20).Select(g => $"{source}: {g.Count()} prompts have the id {g.Key}."));
        return problems.Any() ? throw new UserFaultException([.. problems]) : [.. loaded.Prompts.Take(size)];
    }

    private static double? Share(List<PromptAnswer> answers, Verdict verdict) => answers.Count == 0 ? null : answers.Count(a => a.Verdict == verdict) / (double)answers.Count;
}
