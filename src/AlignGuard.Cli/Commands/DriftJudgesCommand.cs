using System.CommandLine;
using AlignGuard.Cli.Terminal;
using AlignGuard.Evaluation.Judging;
using AlignGuard.Evaluation.Judging.Classifier;
using AlignGuard.Models;
using Spectre.Console;
using Command = System.CommandLine.Command;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard driftcheck judges</c>: what can read answers, and how far each agrees with people.</summary>
internal static class DriftJudgesCommand
{
    public static Command Create()
    {
        var judges = new Option<string[]>("--judge") { Description = "A judge besides the built-in ones: its file or folder.", DefaultValueFactory = _ => [] };
        var labelled = new Option<string?>("--labelled") { Description = "JSON lines with prompt, answer and verdict (refused, complied, incoherent) to measure by. Default: the built-in set." };
        var misread = new Option<bool>("--misread") { Description = "List the answers that were read otherwise. They may be harmful." };
        var command = new Command("judges", "Lists judges, what they read and how far they agree with labelled answers.") { judges, labelled, misread, CommonOptions.Json, Train() };
        command.SetAction((result, cancellation) => Guarded.RunAsync(() => RunAsync([.. Judges.BuiltIn, .. result.GetRequiredValue(judges)], result.GetValue(labelled), result.GetValue(misread), result.GetValue(CommonOptions.Json), cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(string[] references, string? path, bool listMisread, bool json, CancellationToken cancellation)
    {
        var labelled = path is null ? LabelledAnswers.BuiltIn() : LabelledAnswers.Load(path);
        var found = new List<(string Reference, IJudge Judge, JudgeMeasurement? Measured)>();
        foreach (var reference in references)
        {
            var judge = Judges.Open(reference);
            found.Add((reference, judge, judge.Reads.HasFlag(JudgeReads.Verdict) ? await JudgeMeasurement.OfAsync(judge, labelled, cancellation) : null));
        }
        if (json) Screen.Json(new { labelled = labelled.Count, judges = found.Select(f => new { reference = f.Reference, name = f.Judge.Name, reads = Reads(f.Judge), accuracy = f.Measured is { } m ? new { value = m.Accuracy.Value, lower = m.Accuracy.Lower, upper = m.Accuracy.Upper } : null, kappa = f.Measured?.Agreement.Kappa?.Value }) });
        else Show(found, labelled.Count, listMisread);
        foreach (var (_, judge, _) in found) judge.Dispose();
        return ExitCode.Done;
    }

    private static void Show(List<(string Reference, IJudge Judge, JudgeMeasurement? Measured)> found, int labelled, bool listMisread)
    {
        var table = new Table().AddColumns("judge", "name", "reads", $"right of {labelled:N0} labelled answers", "kappa");
        foreach (var (reference, judge, measured) in found)
            table.AddRow(new[] { reference, judge.Name, string.Join(", ", Reads(judge)), measured is { Accuracy: var a } ? $"{a.Value:p1} [{a.Lower:p1}, {a.Upper:p1}]" : "-", measured?.Agreement.Kappa is { } k ? $"{k.Value:f2} [{k.Lower:f2}, {k.Upper:f2}]" : "-" }.Select(Markup.Escape).ToArray());
        Screen.Out.Write(table);
        if (!listMisread) return;
        foreach (var measured in found.Select(f => f.Measured).OfType<JudgeMeasurement>())
            foreach (var (answer, read) in measured.Misread)
                Console.WriteLine($"{measured.Judge} reads {read.ToString().ToLowerInvariant()}, labelled {answer.Verdict.ToString().ToLowerInvariant()}: {answer.Exchange.Prompt.Text}\n  {answer.Exchange.Answer}");
    }

    private static IEnumerable<string> Reads(IJudge judge) => Enum.GetValues<JudgeReads>().Where(r => judge.Reads.HasFlag(r)).Select(r => r.ToString().ToLowerInvariant());

    private static Command Train()
    {
        var to = new Option<string>("--out") { Description = "Folder for verdict.json, toxicity.json and request.json.", Required = true };
        var command = new Command("train", "Trains the built-in classifiers anew from their training text, and measures what is trained on four fifths of its phrases on the rest.") { to, CommonOptions.Json };
        command.SetAction(result => Guarded.RunAsync(() => Task.FromResult(Train(result.GetRequiredValue(to), result.GetValue(CommonOptions.Json)))));
        return command;
    }

    private static int Train(string folder, bool json)
    {
        if (File.Exists(folder)) throw new UserFaultException([$"--out {folder} is a file; name a folder."]);
        Directory.CreateDirectory(folder);
        var trained = BuiltInClassifiers.Train(TrainingPart.All);
        var measured = BuiltInClassifiers.Train(TrainingPart.Train).ToDictionary(t => t.Key, t => BuiltInClassifiers.HeldOutAccuracy(t.Key, t.Value));
        foreach (var (name, classifier) in trained)
        {
            using var file = File.Create(Path.Combine(folder, $"{name}.json"));
            classifier.Save(file);
        }
        if (json) Screen.Json(new { folder, heldOut = measured.ToDictionary(m => m.Key, m => new { value = m.Value.Value, lower = m.Value.Lower, upper = m.Value.Upper }) });
        else foreach (var (name, accuracy) in measured) Console.WriteLine($"{name}: {accuracy.Value:p1} [{accuracy.Lower:p1}, {accuracy.Upper:p1}] of the held-out rows right");
        return ExitCode.Done;
    }
}
