using AlignGuard.Pipeline.Reports.Charts;
using AlignGuard.Pipeline.Reports.Markup;
using AlignGuard.Pipeline.Reports.Sections;

namespace AlignGuard.Pipeline.Reports;

/// <summary>
/// report.html: one self-contained page for one run or several side by side. No script, no network, light and dark, printable; the same reports
/// give the same bytes. The markup is well-formed XML too.
/// </summary>
public static class HtmlReport
{
    private static readonly Html Style = Html.Trusted(LoadStyle());

    /// <exception cref="ArgumentException">No run.</exception>
    public static string Render(string title, IReadOnlyList<RunReport> runs)
    {
        if (runs.Count == 0) throw new ArgumentException("A report needs at least one run.", nameof(runs));
        var labelled = RunLabels.Of(runs);
        var compared = ComparedRun.Of(labelled);
        (string, string, Html)[] sections =
        [
            ("verdicts", "Verdicts", VerdictSection.Render(labelled)),
            ("summary", "Before and after", SummarySection.Render(labelled)),
            ("seeds", "Over seeds", SeedSection.Render(labelled)),
            ("categories", "By category", CategorySection.Render(compared)),
            ("judging", "Toxicity and judges", JudgingSection.Render(compared)),
            ("flips", "Answers that changed for the worse", FlipSection.Render(compared)),
            ("samples", "Sample answers", SampleSection.Render(labelled)),
            ("drift", "Drift while training", DriftSection.Render(labelled)),
            ("training", "Losses and penalties", TrainingSection.Render(labelled)),
            ("spectrum", "Fisher spectrum", SpectrumSection.Render(labelled)),
            ("cosines", "Collision of dW_A and dW_T", CosineSection.Render(labelled)),
            ("warnings", "Warnings", WarningSection.Render(labelled)),
            ("job", "Job file", JobSection.Render(labelled)),
            ("provenance", "Versions and hashes", ProvenanceSection.Render(labelled)),
        ];
        return Page(title, Lead(runs), sections, VerdictLines.Of(labelled));
    }

    /// <summary>A page of the sections that have something to show.</summary>
    /// <param name="verdict">What came of it, before everything else.</param>
    internal static string Page(string title, string lead, IReadOnlyList<(string Id, string Title, Html Body)> sections, Html verdict = default)
    {
        var shown = sections.Where(s => s.Body != Html.Empty).ToList();
        // The policy forbids what the page does not have anyway: scripts and requests.
        return Html.Of($"""
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"/>
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta name="color-scheme" content="light dark"/>
            <title>{title}</title>
            <style>{Style}</style></head>
            <body><header><p class="brand">AlignGuard</p><h1 dir="auto">{title}</h1>{verdict}<p class="lead">{lead}</p>
            <nav>{shown.Select(s => Html.Of($"""<a href="#{s.Id}">{s.Title}</a>"""))}</nav></header>
            <main>
            {shown.Select(s => Html.Of($"""<section id="{s.Id}"><h2>{s.Title}</h2>{s.Body}</section>"""))}
            </main></body></html>

            """).ToString();
    }

    private static string Lead(IReadOnlyList<RunReport> runs)
    {
        var models = runs.Select(r => $"{r.Model.Path} ({Numbers.Count(r.Model.Parameters)} parameters)").Distinct().ToList();
        var count = runs.Count == 1 ? "One run" : $"{runs.Count} runs";
        return $"{count} on {string.Join(" and ", models)}, {Numbers.Duration(runs.Sum(r => r.Seconds))} in all.";
    }

    private static string LoadStyle()
    {
        using var stream = typeof(HtmlReport).Assembly.GetManifestResourceStream("report.css")
            ?? throw new InvalidOperationException("The embedded resource report.css is missing from AlignGuard.Pipeline.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
