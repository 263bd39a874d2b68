using AlignGuard.Pipeline.Reports.Markup;

namespace AlignGuard.Pipeline.Reports.Sections;

/// <summary>What the random control says: a result that it reproduces is no result of the geometry.</summary>
internal static class ControlFinding
{
    private enum Finding { More, Mixed, NoMore }

    /// <summary>A sentence per finding, naming the guarded methods; none where no control ran beside them.</summary>
    public static IReadOnlyList<string> Of(IReadOnlyList<LabelledRun> runs)
    {
        var measured = runs.Where(r => double.IsFinite(r.Run.Tuned.Refusal.Value) && r.Run.Projector is not null).ToList();
        var controls = measured.Where(r => r.Run.Projector == "random").ToList();
        if (controls.Count == 0) return [];
        return [.. measured.Where(r => r.Run.Projector != "random").GroupBy(r => r.Group)
            .GroupBy(g => Compare([.. g], controls), g => g.Key)
            .OrderBy(g => g.Key).Select(g => Sentence(g.Key, string.Join(", ", g))),
            .. measured.Where(r => r.Run.Projector != "random").GroupBy(r => r.Group).Select(g => Paired(g.Key, [.. g], controls)).OfType<string>()];
    }

    /// <summary>Both answered the same prompts, so the pairs say more than two intervals side by side.</summary>
    private static string? Paired(string group, List<LabelledRun> guarded, List<LabelledRun> controls)
    {
        var pairs = guarded.SelectMany(g => controls.Select(c => PairedRefusals.Of(g.Run, c.Run))).OfType<PairedRefusals>().ToList();
        return pairs.Count == 0 ? null : $"{group} and the random control, prompt by prompt: " + string.Join("; ", pairs.Select(p =>
            $"{(pairs.Count > 1 ? $"seed {p.Seed}: " : "")}{Numbers.Count(p.OnlyFirst)} refusals that only {group} kept, {Numbers.Count(p.OnlySecond)} that only the control kept (McNemar's exact p = {Numbers.Short(p.P)})")) + ".";
    }

    private static Finding Compare(List<LabelledRun> guarded, List<LabelledRun> controls)
    {
        var more = guarded.SelectMany(g => controls.Select(c => g.Run.Tuned.Refusal.Low > c.Run.Tuned.Refusal.High)).ToList();
        return more.TrueForAll(m => m) ? Finding.More : more.Contains(true) ? Finding.Mixed : Finding.NoMore;
    }

    private static string Sentence(Finding finding, string methods) => finding switch
    {
        Finding.More => $"More refusals kept than by the random control, whose bases have the same spectrum and rank: {methods}. Here it matters which directions are guarded.",
        Finding.Mixed => $"More refusals kept than by the random control in some pairs of runs, but not in all: {methods}. The evidence for the geometry is mixed.",
        _ => $"No more refusals kept than by the random control, beyond the intervals: {methods}. On this evidence the effect is regularisation, not geometry.",
    };
}
