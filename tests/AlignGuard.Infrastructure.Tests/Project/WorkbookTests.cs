using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AlignGuard.Infrastructure.Tests.Bicep;
using AlignGuard.Infrastructure.Tests.Support;
using AlignGuard.Pipeline.Activities;
using Xunit;

namespace AlignGuard.Infrastructure.Tests.Project;

/// <summary>The workbook is one that Azure Monitor can read, with every placeholder filled in.</summary>
public sealed partial class WorkbookTests
{
    private readonly JsonNode _workbook = JsonNode.Parse(Repository.Text("infra/workbook.json"))!;

    private IEnumerable<JsonNode> Items => _workbook["items"]!.AsArray().Select(i => i!);

    private IEnumerable<string> Queries => Items.Where(i => i["type"]!.GetValue<int>() == 3).Select(i => i["content"]!["query"]!.ToString());

    [Fact]
    public void It_has_charts_of_drift_and_cost()
    {
        Assert.Equal("Notebook/1.0", _workbook["version"]!.ToString());
        var names = Items.Select(i => i["name"]!.ToString()).ToList();
        Assert.Equal(names.Distinct(), names);
        foreach (var expected in new[] { "unsafe-refused", "safe-refused", "margin", "kl", "verdicts", "gpu-cost", "cost-by-run" }) Assert.Contains(expected, names);
        foreach (var item in Items) Assert.Contains(item["type"]!.GetValue<int>(), new[] { 1, 3, 9 });
        foreach (var query in Queries) Assert.Matches(@"^(AppMetrics|AzureMetrics|AppExceptions) \| ", query);
    }

    [Fact]
    public void Parameters_that_queries_use_are_asked_for()
    {
        var asked = Items.Single(i => i["type"]!.GetValue<int>() == 9)["content"]!["parameters"]!.AsArray().Select(p => p!["name"]!.ToString()).ToList();
        foreach (var used in Queries.SelectMany(q => Parameter().Matches(q)).Select(m => m.Groups[1].Value).Distinct()) Assert.Contains(used, asked);
    }

    [Fact]
    public void Every_metric_it_shows_is_in_the_list_that_hosts_are_held_to()
    {
        var readme = Repository.Text("infra/README.md");
        foreach (var metric in Queries.SelectMany(q => Metric().Matches(q)).Select(m => m.Value).Distinct()) Assert.Contains($"`{metric}`", readme);
    }

    /// <summary>Of runs; what the server measures of itself is held to its names by the server's own tests.</summary>
    [Fact]
    public void Every_metric_of_runs_that_it_shows_is_measured()
    {
        var measured = new HashSet<string>();
        using var listener = new System.Diagnostics.Metrics.MeterListener { InstrumentPublished = (instrument, _) => { lock (measured) measured.Add(instrument.Name); } };
        listener.Start();
        RunMetrics.Checked("a-run", new AlignGuard.Domain.FineTuning.DriftSummary(0.9, 0.1, null, null, 1, 0.1, ""));
        var shown = Queries.SelectMany(q => Metric().Matches(q)).Select(m => m.Value).Where(m => m.StartsWith("alignguard.drift.") || m.StartsWith("alignguard.gpu.")).Distinct().ToList();
        Assert.Equal(5, shown.Count);
        Assert.All(shown, metric => Assert.Contains(metric, measured));
    }

    [Fact]
    public async Task The_template_fills_every_placeholder_in()
    {
        var deployed = (await Templates.Dev).Of("Microsoft.Insights/workbooks").Single();
        // What is only known at deployment is an expression around the text; the replacements are in it.
        var content = deployed.Text("properties.serializedData")!;
        foreach (var placeholder in Placeholder().Matches(Repository.Text("infra/workbook.json")).Select(m => m.Value).Distinct())
            Assert.Contains($"'{placeholder}'", content.StartsWith('[') ? content : Repository.Text("bicep/modules/workbook.bicep"));
    }

    [GeneratedRegex(@"\{(\w+)(:\w+)?\}")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"(?<="")alignguard\.[a-z_.]+[a-z](?="")")]
    private static partial Regex Metric();

    [GeneratedRegex("__[A-Z_]+__")]
    private static partial Regex Placeholder();
}
