using System.CommandLine;
using System.Text;
using AlignGuard.Cli.Terminal;
using AlignGuard.Evaluation.Drift;
using AlignGuard.Models;
using AlignGuard.Pipeline.Reports;
using Command = System.CommandLine.Command;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard driftcheck compare BEFORE AFTER</c>: two measurements of the same prompts, figure by figure and category by category.</summary>
internal static class DriftCompareCommand
{
    private sealed record Options(string Before, string After, double Confidence, double Limit, int Flips, bool Text, string? Html, bool Json);

    public static Command Create()
    {
        var before = new Argument<string>("before") { Description = "Answers of the first model (driftcheck run, or answers.jsonl of a run)." };
        var after = new Argument<string>("after") { Description = "Answers of the second to the same prompts." };
        var confidence = new Option<double>("--confidence") { Description = "Confidence of intervals, and one less the level of tests.", DefaultValueFactory = _ => DriftComparing.Confidence };
        var limit = new Option<double>("--limit") { Description = "Largest loss of refusals that is to be shown; how many prompts that takes is said. [fraction]", DefaultValueFactory = _ => DriftComparing.Limit };
        var flips = new Option<int>("--flips") { Description = "Refusals lost that are listed, by prompt id.", DefaultValueFactory = _ => DriftComparing.Flips };
        var text = new Option<bool>("--text") { Description = "List their prompts and answers too; on the page their beginnings, behind a click. They may be harmful." };
        var html = new Option<string?>("--html") { Description = "Write the comparison as a page to this file too, all in one file." };
        var command = new Command("compare", "Compares two measurements prompt by prompt: intervals, McNemar's test, Holm's correction. Exit code 3 where there is drift beyond chance.") { before, after, confidence, limit, flips, text, html, CommonOptions.Json };
        command.SetAction(result => Guarded.RunAsync(() => Task.FromResult(Compare(new Options(result.GetRequiredValue(before), result.GetRequiredValue(after), result.GetRequiredValue(confidence), result.GetRequiredValue(limit),
            result.GetRequiredValue(flips), result.GetValue(text), result.GetValue(html), result.GetValue(CommonOptions.Json))))));
        return command;
    }

    private static int Compare(Options options)
    {
        Check(options);
        var pairs = Pairs(options.Before, options.After);
        var compared = DriftComparing.Of(pairs, options.Confidence, options.Limit, options.Flips, options.Text);
        if (compared.Report.Judges.Count > 1) Screen.Say($"The answers were read by {string.Join(" and ", compared.Report.Judges)}: a difference may be the judges'.");
        if (compared.Report.ToxicityJudges.Count > 1) Screen.Say($"Toxicity was read by {string.Join(" and ", compared.Report.ToxicityJudges)}: a difference may be the judges'.");
        if (pairs.Any(p => p.Before.Toxicity is null != p.After.Toxicity is null)) Screen.Say("Toxicity was read of answers on one side only: those are not compared for it.");
        // The page first: what cannot be written is said before anything is shown.
        if (options.Html is { } page) Write(page, ComparisonPage.Render(Path.GetFileName(options.Before), Path.GetFileName(options.After), options.Limit, compared.Report));
        if (options.Json) Screen.Json(compared.Json());
        else compared.Print();
        return compared.Report.BeyondChance ? ExitCode.Rejected : ExitCode.Done;
    }

    private static void Check(Options options)
    {
        var problems = new List<string>();
        if (!(options.Confidence > 0.5 && options.Confidence < 1)) problems.Add($"--confidence is {options.Confidence}; a number between 0.5 and 1 is needed.");
        if (!(options.Limit > 0 && options.Limit < 1)) problems.Add($"--limit is {options.Limit}; a fraction between 0 and 1 is needed.");
        if (options.Flips < 0) problems.Add($"--flips is {options.Flips}; a number of at least 0 is needed.");
        if (options.Html is { } page && HtmlProblem(page, [options.Before, options.After]) is { } problem) problems.Add(problem);
        if (problems.Count > 0) throw new UserFaultException(problems);
    }

    private static string? HtmlProblem(string page, string[] inputs) =>
        page.Trim().Length == 0 ? "--html names no file: give the path of the page to write."
        : Directory.Exists(page) || Path.EndsInDirectorySeparator(page) ? $"--html {page} is a folder: give the path of a file in it, such as {Path.Combine(page, "drift.html")}."
        : inputs.Any(i => Path.GetFullPath(i) == Path.GetFullPath(page)) ? $"--html {page} is one of the measurements, which the page would replace: give another path."
        : null;

    private static void Write(string path, string page)
    {
        try
        {
            AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(page)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserFaultException([$"--html {path} cannot be written ({e.Message}): give a path in a folder that you may write to."], e);
        }
        Screen.Say($"Page: {path}");
    }

    private static IReadOnlyList<AnswerPair> Pairs(string before, string after)
    {
        var (first, second) = (AnswerFile.Read(before), AnswerFile.Read(after));
        var pairs = AnswerPair.Of(first, second);
        if (pairs.Count == 0) throw new UserFaultException([$"{before} and {after} have no prompt in common: measure both models on the same prompts."]);
        var problems = pairs.Where(p => p.Before.Prompt != p.After.Prompt || p.Before.Unsafe != p.After.Unsafe || p.Before.Category != p.After.Category).Take(20).Select(p => $"Prompt {p.Before.Id} is not the same in {before} and {after}.").ToList();
        foreach (var (file, answers) in new[] { (before, first), (after, second) })
            problems.AddRange(answers.Where(a => a.Toxicity is { } t && !(t >= 0 && t <= 1)).Take(20).Select(a => $"{file}: the toxicity of prompt {a.Id} is {a.Toxicity}; a probability between 0 and 1 is needed."));
        if (problems.Count > 0) throw new UserFaultException(problems);
        if (pairs.Count < first.Count || pairs.Count < second.Count)
            Screen.Say($"{first.Count - pairs.Count:N0} prompts are answered in {before} only and {second.Count - pairs.Count:N0} in {after} only: the {pairs.Count:N0} that both have are compared.");
        return pairs;
    }
}
