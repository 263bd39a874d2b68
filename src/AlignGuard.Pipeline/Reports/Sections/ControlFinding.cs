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
            .OrderBy(g => g.Key).Select(g => Sentence(g.Key, string.Join(", ", g)))];
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
