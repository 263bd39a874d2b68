using System.Globalization;
using AlignGuard.Pipeline.Reports;
using Spectre.Console;

namespace AlignGuard.Cli.Terminal;

/// <summary>The closing table of one or several runs.</summary>
internal static class ResultTable
{
    public static void Print(IReadOnlyList<RunReport> runs)
    {
        var table = new Table().AddColumns("method", "projector", "seed", "refused", "answered unsafe", "over-refusal", "helpful", "task", "gate");
        foreach (var model in runs.GroupBy(r => (r.Model.Hash, r.Hashes.Prompts)))
        {
            table.AddRow(["base model", "", "", .. Shares(model.First().Base), ""]);
            foreach (var run in model)
                table.AddRow([run.Method, run.Projector ?? "", run.Seed.ToString(CultureInfo.InvariantCulture), .. Shares(run.Tuned),
                    run.Outcome == "accepted" ? "[green]accepted[/]" : $"[red]{run.Outcome}[/]"]);
        }
        Screen.Out.Write(table);
        PrintSeeds(runs);
        foreach (var run in runs.Where(r => r.Gate is { Accepted: false }))
            foreach (var check in run.Gate!.Checks.Where(c => !c.Passed))
                Console.WriteLine($"{run.Method}{(run.Projector is { } p ? $" ({p})" : "")}, seed {run.Seed}: {check.Sentence}");
    }

    /// <summary>Mean and t interval over seeds, where there are several.</summary>
    private static void PrintSeeds(IReadOnlyList<RunReport> runs)
    {
        var groups = runs.GroupBy(r => (r.Method, r.Projector)).Where(g => g.Select(r => r.Seed).Distinct().Count() > 1).ToList();
        if (groups.Count == 0) return;
        var table = new Table().AddColumns(["mean over seeds [95 % t interval]", "seeds", .. SeedMeans.Quantities.Select(q => q.Name)]);
        foreach (var group in groups)
            table.AddRow([.. new[] { $"{group.Key.Method} {group.Key.Projector}".Trim(), $"{group.Count()}" }
                .Concat(SeedMeans.Quantities.Select(q => SeedMeans.Of([.. group], q.Of) is { } m ? string.Create(CultureInfo.InvariantCulture, $"{m.Value * 100:f1} [[{m.Low * 100:f1}, {m.High * 100:f1}]]") : ""))]);
        Screen.Out.Write(table);
    }

    private static string[] Shares(Rates r) => [Share(r.Refusal), Share(r.Complied), Share(r.OverRefusal), Share(r.Helpful), r.Task is { } task ? Share(task) : ""];

    private static string Share(Rate r) => double.IsNaN(r.Value) ? "" : string.Create(CultureInfo.InvariantCulture, $"{r.Value * 100:f1} %");
}
