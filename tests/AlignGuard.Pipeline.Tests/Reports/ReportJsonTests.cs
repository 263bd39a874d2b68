using System.Text.Json.Nodes;
using AlignGuard.Models;
using AlignGuard.Pipeline.Reports;
using FsCheck;
using FsCheck.Xunit;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Reports;

public class ReportJsonTests
{
    private static readonly RunReport Run = FakeRuns.Run("alignguard", "two-sided", blocks: 1);
    private static readonly string Json = ReportJson.Write(Run);

    [Fact]
    public void What_was_written_reads_back()
    {
        var back = ReportJson.Read(Json, "report.json");
        Assert.Equal(Json, ReportJson.Write(back));
        Assert.Equal(HtmlReport.Render("r", [Run]), HtmlReport.Render("r", [back]));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.Epsilon)]
    [InlineData(0.1 + 0.2)]
    public void Numbers_read_back_to_the_last_bit(double value)
    {
        var back = ReportJson.Read(ReportJson.Write(Numerals.All(Run, value)), "report.json");
        Assert.Equal(value, back.Steps[0].Loss);
        Assert.Equal(value, back.Tuned.Refusal.Value);
        Assert.Equal(value, back.Gate!.Checks[0].Estimate);
    }

    [Fact]
    public void Names_are_those_of_the_schema()
    {
        var root = JsonNode.Parse(Json)!.AsObject();
        Assert.Equal(
            ["version", "name", "runId", "method", "projector", "seed", "outcome", "seconds", "model", "hashes", "software", "job", "warnings", "base", "tuned", "refusedPrompts", "drift", "forced", "steps", "spectra", "cosines", "samples", "comparison", "gate"],
            root.Select(p => p.Key));
        Assert.Equal(["refusal", "overRefusal", "helpful", "complied", "incoherent", "task", "categories"], root["tuned"]!.AsObject().Select(p => p.Key));
        Assert.Equal(["value", "low", "high", "count"], root["tuned"]!["refusal"]!.AsObject().Select(p => p.Key));
        Assert.Equal(["step", "layer", "fisherDiagonal", "euclidean"], root["cosines"]![0]!.AsObject().Select(p => p.Key));
        Assert.Equal("refused", (string?)root["samples"]![0]!["baseVerdict"]);
        Assert.Equal(1, (int?)root["version"]);
    }

    [Fact]
    public void A_report_from_before_comparisons_still_reads_and_shows()
    {
        var older = JsonNode.Parse(Json)!.AsObject();
        older.Remove("comparison");
        older["gate"]!.AsObject().Remove("confidence");
        var back = ReportJson.Read(older.ToJsonString(), "report.json");
        Assert.Null(back.Comparison);
        Assert.Contains("By category", HtmlReport.Render("r", [back]), StringComparison.Ordinal);
        Assert.Equal(RunVerdict.Line(Run).Replace("95 % bound", "bound"), RunVerdict.Line(back));
    }

    [Property(MaxTest = 60)]
    public void A_report_that_was_cut_short_is_refused(NonNegativeInt at)
    {
        var fault = Assert.Throws<UserFaultException>(() => ReportJson.Read(Json.TrimEnd()[..(at.Get * 7919 % (Json.TrimEnd().Length - 1))], "runs/x/report.json"));
        Assert.StartsWith("runs/x/report.json:", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_version_is_refused_with_its_number()
    {
        var later = JsonNode.Parse(Json)!;
        later["version"] = 7;
        Assert.Contains("version 7", Assert.Throws<UserFaultException>(() => ReportJson.Read(later.ToJsonString(), "report.json")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"version":1}""")]
    [InlineData("""{"name":"x"}""")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("")]
    public void What_is_no_report_is_refused(string json) => Assert.Throws<UserFaultException>(() => ReportJson.Read(json, "report.json"));

    [Theory]
    [InlineData("job")]
    [InlineData("drift")]
    [InlineData("base")]
    public void A_null_where_a_value_belongs_is_refused(string key)
    {
        var altered = JsonNode.Parse(Json)!;
        altered[key] = null;
        Assert.Throws<UserFaultException>(() => ReportJson.Read(altered.ToJsonString(), "report.json"));
    }
}
