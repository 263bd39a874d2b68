using System.CommandLine;
using System.Reflection;
using System.Security.Cryptography;
using AlignGuard.Cli.Terminal;
using AlignGuard.Domain.Benchmark;
using AlignGuard.Evaluation.Benchmark;
using AlignGuard.Models;
using AlignGuard.Pipeline.Data;
using Spectre.Console;
using Command = System.CommandLine.Command;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard driftcheck build --safe PATH --unsafe PATH --out DIR</c>: a benchmark of the paper's size and categories from published sets of prompts.</summary>
internal static class DriftBuildCommand
{
    public static Command Create()
    {
        var safe = Paths("--safe", "File or folder of prompts. Of rows with labels the safe ones are taken; rows without are safe. May be given several times.");
        var @unsafe = Paths("--unsafe", "The same for unsafe prompts.");
        var source = Paths("--source", "File or folder whose rows or format say which prompts are unsafe: all are taken.");
        var train = Paths("--train", "Training data, in any format of `data inspect`: a file, or a folder of them. Prompts that are in it, or nearly, are left out.");
        var size = new Option<int>("--size") { Description = "Prompts, half of them unsafe and those equally of six categories.", DefaultValueFactory = _ => 10_000 };
        var seed = new Option<ulong>("--seed") { Description = "Decides which prompts are drawn, and their order.", DefaultValueFactory = _ => 42 };
        var similarity = new Option<double>("--near-duplicate") { Description = "Jaccard similarity of five-letter windows from which two prompts are the same.", DefaultValueFactory = _ => 0.8 };
        var fill = new Option<string>("--fill") { Description = "builtin: what is missing comes from the built-in generator. none: what is missing is an error.", DefaultValueFactory = _ => "none" };
        fill.AcceptOnlyFromAmong("none", "builtin");
        var to = new Option<string>("--out") { Description = "Folder for prompts.jsonl and manifest.json.", Required = true };
        var command = new Command("build", "Builds a benchmark from published sets of prompts: without duplicates, in equal shares, with a manifest.") { safe, @unsafe, source, train, size, seed, similarity, fill, to, CommonOptions.Json };
        command.SetAction(result => Guarded.RunAsync(() => Task.FromResult(Build(
            [.. Given(result.GetValue(safe), SourceUse.Safe), .. Given(result.GetValue(@unsafe), SourceUse.Unsafe), .. Given(result.GetValue(source), SourceUse.AsLabelled)], result.GetValue(train) ?? [],
            new BenchmarkSettings { Size = result.GetRequiredValue(size), Seed = result.GetRequiredValue(seed), NearDuplicate = result.GetRequiredValue(similarity), FillBuiltin = result.GetRequiredValue(fill) == "builtin" },
            result.GetRequiredValue(to), result.GetValue(CommonOptions.Json)))));
        return command;
    }

    private static IEnumerable<BenchmarkSource> Given(string[]? paths, SourceUse use) => (paths ?? []).Select(path => new BenchmarkSource(path, use));

    private static Option<string[]> Paths(string name, string description) => new(name) { Description = description, AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };

    private static int Build(IReadOnlyList<BenchmarkSource> sources, string[] train, BenchmarkSettings settings, string folder, bool json)
    {
        var problems = new List<string>();
        if (sources.Count == 0 && !settings.FillBuiltin) problems.Add("No prompts are given: name files or folders with --safe, --unsafe or --source, or write --fill builtin.");
        if (settings.Size < 2) problems.Add($"--size is {settings.Size}; at least 2 is needed: one unsafe prompt and one safe.");
        if (!(settings.NearDuplicate > 0 && settings.NearDuplicate <= 1)) problems.Add($"--near-duplicate is {settings.NearDuplicate}; a number above 0 and at most 1 is needed.");
        problems.AddRange(train.Where(t => !File.Exists(t) && !Directory.Exists(t)).Select(t => $"{t}: there is no such file or folder of training data."));
        problems.AddRange(train.Where(t => Directory.Exists(t) && !Directory.EnumerateFiles(t).Any()).Select(t => $"{t}: there are no files in this folder of training data."));
        train = [.. train.SelectMany(t => Directory.Exists(t) ? Directory.EnumerateFiles(t).Order(StringComparer.Ordinal) : Enumerable.Repeat(t, 1))];
        if (File.Exists(folder)) problems.Add($"--out {folder} is a file; name a folder, new or empty.");
        var reading = Read(sources, problems);
        foreach (var report in reading.Files) Screen.Say($"{report}");
        var result = BenchmarkBuilder.Build(reading.Prompts, Training(train), settings);
        if (!result.Complete) return Short(result, settings, json);

        var training = train.Select(t => (Path.GetFileName(t), Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(t))))).ToList();
        var prompts = BenchmarkFiles.Prompts(result);
        BenchmarkFiles.Write(folder, prompts, BenchmarkFiles.Manifest(result, settings, reading.Files, training, $"alignguard {Assembly.GetExecutingAssembly().GetName().Version}"));
        var filled = result.Prompts.Count(p => p.Source == SourcePrompt.Builtin);
        if (json) Screen.Json(new { folder, prompts = result.Prompts.Count, filled, duplicates = result.Duplicates, contaminated = result.Contaminated.Count, bySource = result.Prompts.GroupBy(p => p.Source).ToDictionary(g => g.Key, g => g.Count()) });
        else
        {
            Console.WriteLine($"{folder}: {result.Prompts.Count:N0} prompts, {filled:N0} of them built in. Left out: {result.Duplicates.Exact:N0} duplicates, {result.Duplicates.Near:N0} near ones, {result.Duplicates.Conflicting:N0} that sources label differently, {result.Contaminated.Count:N0} that training data, or the built-in training and Fisher prompts, hold.");
            foreach (var from in result.Prompts.GroupBy(p => p.Source).OrderByDescending(g => g.Count())) Console.WriteLine($"  {from.Key}: {from.Count(p => p.Unsafe):N0} unsafe, {from.Count(p => !p.Unsafe):N0} safe");
        }
        return ExitCode.Done;
    }

    /// <exception cref="UserFaultException">There are problems, or some of the sources have: all of them.</exception>
    private static SourceReading Read(IReadOnlyList<BenchmarkSource> sources, List<string> problems)
    {
        SourceReading? reading = null;
        try
        {
            reading = SourceReading.Read(sources);
        }
        catch (UserFaultException e)
        {
            problems.AddRange(e.Problems);
        }
        return problems.Count == 0 ? reading! : throw new UserFaultException(problems);
    }

    /// <summary>Nothing is written where something is missing.</summary>
    private static int Short(BenchmarkResult result, BenchmarkSettings settings, bool json)
    {
        var supplies = result.Supplies.Select((s, i) => new { label = s.Label, category = s.Category, have = s.Have, builtin = result.Filled[i], need = s.Need, missing = result.Missing[i] }).ToList();
        if (json) Screen.Json(new { missing = result.Missing.Sum(), supplies });
        var table = new Table().AddColumns("prompts", "category", "have", "built in", "need", "missing");
        foreach (var s in supplies) table.AddRow(s.label, s.category, $"{s.have:N0}", $"{s.builtin:N0}", $"{s.need:N0}", $"{s.missing:N0}");
        Screen.Error.Write(table);
        Screen.Say($"{result.Missing.Sum():N0} prompts are missing; nothing was written. {(settings.FillBuiltin ? "The built-in generator has no more: lower --size or add sources." : "Add sources, lower --size, or write --fill builtin to take them from the built-in generator.")}");
        return ExitCode.BadInput;
    }

    private static IEnumerable<string> Training(string[] files) =>
        files.SelectMany(file => RowSource.Read(file, new RowReading { Format = RowFormats.Parse("auto") }, DataPart.Train).Rows).SelectMany(row => row.Messages.Select(m => m.Content));
}
