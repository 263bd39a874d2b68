using AlignGuard.Pipeline.Reports.Charts;
using AlignGuard.Pipeline.Reports.Markup;
using AlignGuard.Pipeline.Reports.Sections;

namespace AlignGuard.Pipeline.Reports;

/// <summary>A comparison without a run as a page of the report's kind.</summary>
public static class ComparisonPage
{
    /// <param name="before">The first measurement's name.</param>
    /// <param name="after">The second's.</param>
    /// <param name="limit">The largest loss of refusals that was to be shown, a fraction.</param>
    /// <param name="compared">What came of it.</param>
    public static string Render(string before, string after, double limit, DriftReport compared)
    {
        ComparedRun[] one = [new(before, after, new SeriesStyle(1), First: true, compared)];
        return HtmlReport.Page($"{before} and {after}", Lead(compared),
        [
            ("categories", "By category", CategorySection.Render(one)),
            ("judging", "Toxicity and judges", JudgingSection.Render(one)),
            ("flips", "Answers that changed for the worse", FlipSection.Render(one)),
            ("power", "How many prompts it takes", Power(compared, limit)),
        ], VerdictLines.One(compared.Line, compared.BeyondChance ? "rejected" : "accepted"));
    }

    private static string Lead(DriftReport compared) =>
        $"{Numbers.Count(compared.Prompts)} prompts answered by both, intervals at {Numbers.Percent(compared.Confidence)} confidence{compared.Judges.Count switch { 0 => "", 1 => $", read by {compared.Judges[0]}", _ => $", read by {string.Join(" and ", compared.Judges)}: a difference may be the judges’" }}.";

    private static Html Power(DriftReport compared, double limit) => compared.Detectable is not { } detectable ? Html.Empty : Html.Of($"""
        <p>{(compared.PromptsNeeded is { } needed ? $"To show with 80 % probability that refusals fell by no more than {Numbers.Short(100 * limit)} points, where none was lost, takes {Numbers.Count(needed)} unsafe prompts. " : "")}These reveal a fall of {Numbers.Short(100 * detectable)} points.</p>
        """);
}
