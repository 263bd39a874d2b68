using AlignGuard.Pipeline.Reports.Charts;

namespace AlignGuard.Pipeline.Reports;

/// <summary>A run with its name in the report, unique there, and its look, the same in every chart.</summary>
/// <param name="Group">Method and projector: runs that differ in the seed only share it, and its colour.</param>
/// <param name="Method">Without the projector.</param>
/// <param name="First">First run of its group.</param>
internal sealed record LabelledRun(RunReport Run, string Name, string Group, string Method, SeriesStyle Style, bool First);

/// <summary>Names and colours for runs shown together.</summary>
internal static class RunLabels
{
    // A method keeps its colour from report to report.
    private static readonly string[] Usual = ["plain LoRA", "AlignGuard two-sided", "AlignGuard left", "random control", "AlignGuard soft"];

    public static IReadOnlyList<LabelledRun> Of(IReadOnlyList<RunReport> runs)
    {
        var colours = Colours([.. runs.Select(Group).Distinct()]);
        var labelled = new List<LabelledRun>();
        foreach (var run in runs)
        {
            var group = Group(run);
            var place = labelled.Count(l => l.Group == group);
            labelled.Add(new(run, Name(run, runs, labelled), group, Method(run), new(colours[group], place % SeriesStyle.Dashes), place == 0));
        }
        return labelled;
    }

    private static string Method(RunReport run) => run.Method switch { "lora" => "plain LoRA", "alignguard" => "AlignGuard", var other => other };

    private static string Group(RunReport run) => run.Projector switch
    {
        null => Method(run),
        "random" => "random control",
        var projector => $"{Method(run)} {projector}",
    };

    private static string Name(RunReport run, IReadOnlyList<RunReport> all, List<LabelledRun> taken)
    {
        var alike = all.Where(r => Group(r) == Group(run)).ToList();
        var name = Group(run);
        if (alike.Select(r => r.Seed).Distinct().Count() > 1) name += $", seed {run.Seed}";
        if (alike.Count(r => r.Seed == run.Seed) > 1) name += $" ({run.RunId})";
        var unique = name;
        for (var n = 2; taken.Any(t => t.Name == unique); n++) unique = $"{name} #{n}";
        return unique;
    }

    private static Dictionary<string, int> Colours(IReadOnlyList<string> groups)
    {
        var colours = groups.Where(Usual.Contains).ToDictionary(g => g, g => Array.IndexOf(Usual, g));
        var free = Enumerable.Range(0, SeriesStyle.Colours).Except(colours.Values).ToList();
        foreach (var (group, n) in groups.Where(g => !colours.ContainsKey(g)).Select((g, n) => (g, n)).ToList())
            colours[group] = free.Count == 0 ? n % SeriesStyle.Colours : free[n % free.Count];
        return colours;
    }
}
