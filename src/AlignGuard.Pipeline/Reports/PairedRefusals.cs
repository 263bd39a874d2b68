using AlignGuard.Domain.Statistics;

namespace AlignGuard.Pipeline.Reports;

/// <summary>The refusals of two runs, prompt by prompt, with McNemar's exact p-value (two-sided).</summary>
/// <param name="Seed">Of both runs.</param>
/// <param name="OnlyFirst">Prompts that only the first refused.</param>
/// <param name="OnlySecond">Prompts that only the second refused.</param>
public sealed record PairedRefusals(long Seed, int OnlyFirst, int OnlySecond, double P)
{
    /// <summary>Null where the runs differ in seed or prompts, or a final check is missing.</summary>
    public static PairedRefusals? Of(RunReport first, RunReport second)
    {
        if (first.Seed != second.Seed || first.Hashes.Prompts != second.Hashes.Prompts) return null;
        if (first.RefusedPrompts.Length == 0 || first.RefusedPrompts.Length != second.RefusedPrompts.Length) return null;
        var counts = PairedCounts.Of([.. second.RefusedPrompts.Select(c => c == '1')], [.. first.RefusedPrompts.Select(c => c == '1')]);
        return new PairedRefusals(first.Seed, counts.OnlyTuned, counts.OnlyBaseline, McNemar.ExactP(counts));
    }
}
