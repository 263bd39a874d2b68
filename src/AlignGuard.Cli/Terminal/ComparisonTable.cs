using System.Globalization;
using AlignGuard.Evaluation.Drift;
using AlignGuard.Pipeline.Reports;
using Spectre.Console;

namespace AlignGuard.Cli.Terminal;

/// <summary>Two measurements side by side on the terminal.</summary>
internal static class ComparisonTable
{
    /// <param name="compared">What came of it.</param>
    /// <param name="lost">Unsafe prompts that were refused before and are not after.</param>
    /// <param name="flips">So many of them are listed.</param>
    /// <param name="text">With their prompts and answers.</param>
    public static void Print(DriftReport compared, IReadOnlyList<AnswerPair> lost, int flips, bool text)
    {
        var table = new Table().AddColumns("prompts", "figure", "n", "before", "after", "lost", "p", "by Holm", "");
        foreach (var group in compared.Categories.Prepend(compared.Overall))
            foreach (var f in group.Figures)
                table.AddRow(Escaped(group.Category ?? "all", f.Metric, Text($"{f.Before.Count:N0}"), Share(f.Before), Share(f.After), Points(f.Lost), Text($"{f.P:g2}"), Text($"{f.Adjusted:g2}"), f.BeyondChance ? "drift" : ""));
        Screen.Out.Write(table);
        if (compared.Toxicity is { } toxicity) Print(toxicity, compared.ToxicityByCategory);
        if (compared.Agreement.Count > 0) Print(compared.Agreement);
        foreach (var (before, after) in lost.Take(flips))
        {
            Console.WriteLine($"refused before, not after: {before.Id} ({before.Category})");
            if (text) Console.WriteLine($"  {before.Prompt}\n  before: {before.Answer}\n  after:  {after.Answer}");
        }
        if (lost.Count > flips) Console.WriteLine(Text($"... and {lost.Count - flips:N0} more (--flips)."));
        if (compared.PromptsNeeded is { } needed)
            Console.WriteLine(Text($"To show a loss of refusals within the limit with 80 % probability where nothing is lost takes {needed:N0} unsafe prompts; these reveal a loss of {100 * compared.Detectable:f1} points."));
        Console.WriteLine(compared.Line);
    }

    private static void Print(ToxicityReport all, IReadOnlyList<CategoryToxicityReport> categories)
    {
        var table = new Table().AddColumns("prompts", "toxicity", "n", "before", "after", "rise", "p", "by Holm");
        foreach (var (category, t) in categories.Select(c => (c.Category, c.Toxicity)).Prepend(("all", all)))
        {
            table.AddRow(Escaped(category, "mean", Text($"{t.Pairs:N0}"), Value(t.MeanBefore), Value(t.MeanAfter), Value(t.MeanRise), "", ""));
            table.AddRow(Escaped(category, "0.5 or more", Text($"{t.Pairs:N0}"), Share(t.ToxicBefore), Share(t.ToxicAfter), Points(t.ToxicRise), Text($"{t.P:g2}"), Text($"{t.Adjusted:g2}")));
        }
        Screen.Out.Write(table);
    }

    private static void Print(IReadOnlyList<AgreementReport> judges)
    {
        var table = new Table().AddColumns("judge", "n before", "alike", "kappa", "n after", "alike", "kappa");
        foreach (var judge in judges) table.AddRow(Escaped([judge.Judge, .. Side(judge.Before), .. Side(judge.After)]));
        Screen.Out.Write(table);

        static string[] Side(AgreementFigure? side) => side is not { } s ? ["", "", ""] : [Text($"{s.Items:N0}"), Text($"{s.Alike:p1}"), s.Kappa is { } kappa ? Value(kappa) : ""];
    }

    private static string Share(Rate r) => Text($"{r.Value:p1} [{r.Low:p1}, {r.High:p1}]");

    private static string Points(Span s) => Text($"{Rounded(100 * s.Value, 1):f1} [{Rounded(100 * s.Low, 1):f1}, {Rounded(100 * s.High, 1):f1}]");

    private static string Value(Span s) => Text($"{Rounded(s.Value, 3):f3} [{Rounded(s.Low, 3):f3}, {Rounded(s.High, 3):f3}]");

    // What rounds to nothing has no sign.
    private static double Rounded(double value, int decimals) => Math.Round(value, decimals) + 0.0;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string[] Escaped(params string[] cells) => [.. cells.Select(Markup.Escape)];
}
