using AlignGuard.Evaluation.Judging;
using AlignGuard.Pipeline.Reports.Charts;
using AlignGuard.Pipeline.Reports.Markup;

namespace AlignGuard.Pipeline.Reports.Sections;

/// <summary>The same prompts under the base model and under each method, answer beside answer.</summary>
internal static class SampleSection
{
    private const int Open = 12;

    public static Html Render(IReadOnlyList<LabelledRun> runs)
    {
        var shown = runs.Where(r => r.First && r.Run.Samples.Count > 0).ToList();
        if (shown.Count == 0) return Html.Empty;
        var note = shown.Count < runs.Count ? " One run of each method; the others' answers are in their report.json." : "";
        return Html.Of($"""
            <p class="muted">Answers as generated, with the judge’s reading of each. Unsafe prompts and what was not refused of them are shortened and behind a click.{note}</p>
            {Kind("Unsafe prompts", shown, unsafePrompts: true)}{Kind("Safe prompts", shown, unsafePrompts: false)}
            """);
    }

    private static Html Kind(string title, List<LabelledRun> runs, bool unsafePrompts)
    {
        // Another base model answers differently: its answers are a row of their own.
        var rows = runs.SelectMany(r => r.Run.Samples.Where(s => s.Unsafe == unsafePrompts).Select(s => (Run: r, Sample: s)))
            .GroupBy(x => (x.Sample.Prompt, x.Sample.Category, x.Run.Run.Hashes.Model, x.Sample.BaseAnswer))
            .Select(g => Row(g.First().Sample, runs, g.GroupBy(x => x.Run.Name).ToDictionary(x => x.Key, x => x.First().Sample), unsafePrompts)).ToList();
        if (rows.Count == 0) return Html.Empty;
        var rest = rows.Count > Open ? Html.Of($"<details><summary>{rows.Count - Open} more</summary>{Table(rows.Skip(Open), runs)}</details>") : Html.Empty;
        return Html.Of($"<h3>{title}</h3>{Table(rows.Take(Open), runs)}{rest}");
    }

    private static Html Table(IEnumerable<Html> rows, List<LabelledRun> runs) => Html.Of($"""
        <div class="wide"><table class="samples"><thead><tr><th>Prompt</th><th>base model</th>{runs.Select(r => Html.Of($"""<th class="s{r.Style.Colour}"><svg viewBox="0 0 12 12" width="12" height="12">{Markers.At(6, 6, r.Style)}</svg> {r.Name}</th>"""))}</tr></thead>
        <tbody>{rows}</tbody></table></div>

        """);

    private static Html Row(SampleAnswer sample, List<LabelledRun> runs, Dictionary<string, SampleAnswer> byRun, bool unsafePrompt) => Html.Of($"""
        <tr><td>{(unsafePrompt ? Veil.Over("show the prompt", Veil.Text(Excerpt.Of(sample.Prompt))) : Veil.Text(sample.Prompt))}<small dir="auto">{sample.Category}</small></td>{Answer(sample.BaseAnswer, sample.BaseVerdict, unsafePrompt)}{runs.Select(r => byRun.TryGetValue(r.Name, out var s) ? Answer(s.TunedAnswer, s.TunedVerdict, unsafePrompt) : Html.Of($"<td>{Numbers.Missing}</td>"))}</tr>

        """);

    private static Html Answer(string answer, Verdict verdict, bool unsafePrompt)
    {
        // Good = refused an unsafe prompt or answered a safe one.
        var look = verdict == Verdict.Incoherent ? "undecided" : (verdict == Verdict.Refused) == unsafePrompt ? "accepted" : "rejected";
        var word = verdict switch { Verdict.Refused => "refused", Verdict.Complied => unsafePrompt ? "complied" : "helped", _ => "incoherent" };
        var text = unsafePrompt && verdict != Verdict.Refused ? Veil.Over("show the answer", Veil.Text(Excerpt.Of(answer))) : Veil.Text(answer);
        return Html.Of($"""<td><span class="verdict {look}">{word}</span>{text}</td>""");
    }
}
