using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using AlignGuard.Domain.Sweeps;
using AlignGuard.Pipeline.Reports;
using AlignGuard.Pipeline.Reports.Charts;
using AlignGuard.Pipeline.Reports.Markup;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Sweeps;

/// <summary>What came of a sweep: <c>result.json</c>, <c>result.csv</c> and <c>report.html</c> beside its log.</summary>
public static class SweepReport
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <returns>The page's name in the store.</returns>
    public static async Task<string> WriteAsync(IArtifactStore store, SweepJob sweep, SweepState state)
    {
        var rows = SweepTable.Rows(sweep.Spec, state);
        var folder = $"sweeps/{sweep.SweepId}";
        await ReportBuilder.PutAsync(store, $"{folder}/result.json", ToJson(sweep, rows));
        await ReportBuilder.PutAsync(store, $"{folder}/result.csv", SweepTable.Csv(rows));
        await ReportBuilder.PutAsync(store, $"{folder}/report.html", Page(sweep.Spec.Name, rows));
        return $"{folder}/report.html";
    }

    public static string ToJson(SweepJob sweep, IReadOnlyList<SweepRow> rows) => JsonSerializer.Serialize(new { sweep = sweep.SweepId, name = sweep.Spec.Name, cells = rows }, Json);

    private static string Page(string name, IReadOnlyList<SweepRow> rows) => HtmlReport.Page(name,
        string.Create(CultureInfo.InvariantCulture, $"A sweep of {rows.Count} cells: {string.Join(", ", rows.GroupBy(r => r.Outcome).Select(g => $"{g.Count()} {g.Key}"))}."),
        [
            ("front", "Refusals kept against task score", Front(rows)),
            ("cells", "Cells", Table(rows)),
        ]);

    private static Html Front(IReadOnlyList<SweepRow> rows)
    {
        var drawn = rows.Where(r => r is { RefusalKept: not null, Task: not null }).ToList();
        if (drawn.Count == 0) return Html.Of($"""<p class="muted">No cell was measured to its end.</p>""");
        // The front is a line; everything else is a point of its own.
        var front = new Series("front", new SeriesStyle(0), "front: no other cell is better in both", Points(drawn.Where(r => r.OnFront).OrderBy(r => r.Task)));
        var others = drawn.Where(r => !r.OnFront).Select((r, n) => new Series(r.Label, new SeriesStyle(1), n == 0 ? "other cells" : null, Points([r])));
        return ChartSvg.Render(new Chart
        {
            Title = "Refusals kept", Quantity = "share of the base model's refusals", XLabel = "task score (%)", Percent = true, Series = [front, .. others],
        });

        static IReadOnlyList<ChartPoint> Points(IEnumerable<SweepRow> some) => [.. some.Select(r => new ChartPoint(100 * r.Task!.Value, r.RefusalKept!.Value))];
    }

    private static Html Table(IReadOnlyList<SweepRow> rows) => Html.Of($"""
        <div class="wide"><table class="rates"><thead><tr><th>cell</th><th>outcome</th><th class="n">refusals kept</th><th class="n">refused</th><th class="n">over-refusal</th><th class="n">helpful</th><th class="n">task</th><th>front</th><th>run</th></tr></thead>
        <tbody>{rows.Select(Row)}</tbody></table></div>
        """);

    private static Html Row(SweepRow r) => Html.Of($"""
        <tr><th scope="row">{r.Label}</th><td>{r.Outcome}{(r.Reason.Length == 0 ? "" : ": " + r.Reason)}</td><td class="n">{Share(r.RefusalKept)}</td><td class="n">{Share(r.Refusal)}</td><td class="n">{Share(r.OverRefusal)}</td><td class="n">{Share(r.Helpful)}</td><td class="n">{Share(r.Task)}</td><td>{(r.OnFront ? "yes" : "")}</td><td>{r.RunId}</td></tr>

        """);

    private static string Share(double? value) => value is { } v ? Numbers.Percent(v) : "";
}
