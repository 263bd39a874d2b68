using AlignGuard.Pipeline.Reports.Markup;

namespace AlignGuard.Pipeline.Reports.Sections;

/// <summary>What a run was made from and by: enough to make it again.</summary>
internal static class ProvenanceSection
{
    private const int ShortHash = 16;

    public static Html Render(IReadOnlyList<LabelledRun> runs)
    {
        var rows = new List<Html>
        {
            Row("run", runs, r => r.RunId), Row("job name", runs, r => r.Name), Row("seed", runs, r => r.Seed.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            Row("wall time", runs, r => Numbers.Duration(r.Seconds)),
            Row("model", runs, r => r.Model.Path), Row("parameters", runs, r => Numbers.Count(r.Model.Parameters)), Row("trained", runs, r => Numbers.Count(r.Model.AdapterParameters)),
            Row("sha-256 of the job", runs, r => r.Hashes.Spec), Row("of the model", runs, r => r.Hashes.Model), Row("of the data", runs, r => r.Hashes.Data),
            Row("of the prompts", runs, r => r.Hashes.Prompts),
        };
        rows.AddRange(runs.SelectMany(r => r.Run.Software.Keys).Distinct().Order(StringComparer.Ordinal)
            .Select(name => Row(name, runs, r => r.Software.TryGetValue(name, out var version) ? version : Numbers.Missing)));
        return Html.Of($"""
            <div class="wide"><table class="provenance"><thead><tr><th></th>{runs.Select(r => Html.Of($"<th>{r.Name}</th>"))}</tr></thead><tbody>{rows}</tbody></table></div>
            """);
    }

    /// <summary>One cell across all runs where they agree.</summary>
    private static Html Row(string name, IReadOnlyList<LabelledRun> runs, Func<RunReport, string> of)
    {
        var values = runs.Select(r => of(r.Run)).ToList();
        var cells = values.Distinct().Count() == 1
            ? Html.Of($"""<td colspan="{runs.Count}"><code>{values[0]}</code></td>""")
            : Html.Join(values.Select(v => Html.Of($"""<td title="{v}"><code>{(v.Length == 64 ? v[..ShortHash] + "…" : v)}</code></td>""")));
        return Html.Of($"<tr><th>{name}</th>{cells}</tr>\n");
    }
}
