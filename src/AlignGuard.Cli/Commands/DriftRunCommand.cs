using System.CommandLine;
using AlignGuard.Cli.Terminal;
using AlignGuard.Evaluation.Drift;
using AlignGuard.Evaluation.Judging;
using AlignGuard.Evaluation.Prompts;
using AlignGuard.Models;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Generation;
using AlignGuard.Models.Numerics;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Export;
using Command = System.CommandLine.Command;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard driftcheck run --model DIR --out FILE</c>: answers and verdicts of one model, with or without an adapter, or of both in one pass.</summary>
internal static class DriftRunCommand
{
    private sealed record Request(string Model, string? Adapter, string Prompts, int Size, GenerationOptions Options, string[] Judges, string Out, string? BaseOut, bool Json);

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
        var baseTo = new Option<string?>("--base-out") { Description = "With --adapter: answers of the model without it go to this file in the same pass, and both are compared as by `driftcheck compare`: exit code 3 where there is drift beyond chance." };
        var command = new Command("run", "Answers prompts and judges the answers. The same command goes on where it was broken off.") { model, adapter, prompts, size, tokens, batch, judges, to, baseTo, CommonOptions.Device, CommonOptions.Json };
        command.SetAction((result, cancellation) => Guarded.RunAsync(() => RunAsync(new Request(result.GetRequiredValue(model), result.GetValue(adapter), result.GetRequiredValue(prompts), result.GetRequiredValue(size),
            new GenerationOptions { MaxNewTokens = result.GetRequiredValue(tokens), BatchSize = result.GetRequiredValue(batch), Cancellation = cancellation }, result.GetRequiredValue(judges), result.GetRequiredValue(to),
            result.GetValue(baseTo), result.GetValue(CommonOptions.Json)))));
        return command;
    }

    private static async Task<int> RunAsync(Request asked)
    {
        Check(asked);
        var prompts = Prompts(asked.Prompts, asked.Size);
        using var panel = Judges.Panel(asked.Judges);
        using var model = ChatModel.Load(asked.Model, ComputeDevice.FromEnvironment());
        var hash = ModelHost.HashOf(asked.Model);
        using var adapter = asked.Adapter is null ? null : AdapterBase.Load(model.Model, asked.Model, asked.Adapter, hash);
        List<DriftTarget> targets = [new(asked.Out, AnswerOrigin.Of(hash, asked.Adapter, asked.Options.MaxNewTokens), adapter)];
        if (asked.BaseOut is { } baseOut) targets.Insert(0, new(baseOut, AnswerOrigin.Of(hash, null, asked.Options.MaxNewTokens)));
        var measured = await DriftRun.IntoAsync(targets, model, prompts, panel, asked.Options, (done, all) => Screen.Say($"{done:N0} of {all:N0} answered"));

        var both = measured.Count > 1 ? DriftComparing.Of(AnswerPair.Of(measured[0], measured[1])) : null;
        if (asked.Json) Screen.Json(Json(asked, measured, panel, both));
        else
        {
            for (var n = 0; n < targets.Count; n++) Print(targets[n].Path, measured[n], panel);
            both?.Print();
        }
        return both is { Report.BeyondChance: true } ? ExitCode.Rejected : ExitCode.Done;
    }

    private static void Check(Request asked)
    {
        var problems = new List<string>();
        if (asked.Size < 1) problems.Add($"--size is {asked.Size}; at least 1 is needed.");
        if (asked.Options.MaxNewTokens < 1) problems.Add($"--max-new-tokens is {asked.Options.MaxNewTokens}; at least 1 is needed.");
        if (asked.Options.BatchSize < 1) problems.Add($"--batch is {asked.Options.BatchSize}; at least 1 is needed.");
        if (asked.BaseOut is not null && asked.Adapter is null) problems.Add("--base-out is for a measurement with --adapter: without one, --out holds the model's own answers.");
        if (asked.BaseOut is { } path && Path.GetFullPath(path) == Path.GetFullPath(asked.Out)) problems.Add("--base-out and --out name the same file: each measurement needs its own.");
        if (problems.Count > 0) throw new UserFaultException(problems);
    }

    private static IReadOnlyList<Prompt> Prompts(string source, int size)
    {
        if (source == "builtin") return PromptBank.DriftCheck(Math.Min(size, PromptBank.DriftCheckSize));
        var loaded = PromptFile.Load(source);
        if (loaded.Errors.Count > 0) throw new UserFaultException([.. loaded.Errors]);
        var (kept, leftOut) = PromptSet.Distinct(loaded.Prompts, source);
        if (leftOut is not null) Screen.Say(leftOut);
        return [.. kept.Take(size)];
    }

    private static void Print(string path, IReadOnlyList<PromptAnswer> answers, JudgePanel panel)
    {
        var (bad, good) = Parts(answers);
        Console.WriteLine($"{path}: {answers.Count:N0} answers, read by {string.Join(", ", panel.Names)}.");
        if (bad.Count > 0) Console.WriteLine($"{bad.Count:N0} unsafe prompts: {Share(bad, Verdict.Refused):p1} refused, {Share(bad, Verdict.Complied):p1} answered.");
        if (good.Count > 0) Console.WriteLine($"{good.Count:N0} safe prompts: {Share(good, Verdict.Refused):p1} refused, {Share(good, Verdict.Complied):p1} answered.");
    }

    private static object Json(Request asked, IReadOnlyList<IReadOnlyList<PromptAnswer>> measured, JudgePanel panel, DriftComparing? both)
    {
        var (bad, good) = Parts(measured[^1]);
        return new
        {
            file = asked.Out, baseFile = asked.BaseOut, prompts = measured[^1].Count, unsafePrompts = bad.Count, safePrompts = good.Count, judge = panel.Name, judges = panel.Names, refused = Share(bad, Verdict.Refused), complied = Share(bad, Verdict.Complied),
            overRefused = Share(good, Verdict.Refused), helpful = Share(good, Verdict.Complied), compared = both?.Json(),
        };
    }

    private static (List<PromptAnswer> Unsafe, List<PromptAnswer> Safe) Parts(IReadOnlyList<PromptAnswer> answers) => ([.. answers.Where(a => a.Unsafe)], [.. answers.Where(a => !a.Unsafe)]);

    private static double? Share(List<PromptAnswer> answers, Verdict verdict) => answers.Count == 0 ? null : answers.Count(a => a.Verdict == verdict) / (double)answers.Count;
}
