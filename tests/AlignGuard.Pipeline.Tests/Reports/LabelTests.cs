using AlignGuard.Pipeline.Reports;
using AlignGuard.Pipeline.Reports.Charts;
using AlignGuard.Pipeline.Reports.Sections;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Reports;

public class LabelTests
{
    private static readonly RunReport Any = FakeRuns.Run("alignguard", "two-sided", blocks: 1);

    private static Gen<RunReport[]> Runs() => (
        from method in Gen.Elements("lora", "alignguard", "ewc")
        from projector in Gen.Elements(null, "two-sided", "left", "soft", "random", "other")
        from seed in Gen.Choose(0, 2)
        from id in Gen.Elements("a", "b")
        select Any with { Method = method, Projector = projector, Seed = seed, RunId = id }).ArrayOf();

    [Property]
    public Property Every_run_has_a_name_of_its_own_and_a_group_one_colour() => Prop.ForAll(Runs().ToArbitrary(), runs =>
    {
        var labelled = RunLabels.Of(runs);
        Assert.Equal(runs, labelled.Select(l => l.Run));
        Assert.Equal(runs.Length, labelled.Select(l => l.Name).Distinct().Count());
        Assert.All(labelled.GroupBy(l => l.Group), g => Assert.Single(g.Select(l => l.Style.Colour).Distinct()));
        Assert.All(labelled.GroupBy(l => l.Group), g => Assert.Single(g, l => l.First));
        var groups = labelled.Select(l => l.Group).Distinct().Count();
        if (groups <= SeriesStyle.Colours) Assert.Equal(groups, labelled.Select(l => l.Style.Colour).Distinct().Count());
    });

    [Fact]
    public void A_method_keeps_its_colour_whatever_stands_beside_it() =>
        Assert.Equal(RunLabels.Of(FakeRuns.Demo()).Single(l => l.Group == "AlignGuard left").Style, RunLabels.Of([FakeRuns.Run("alignguard", "left")])[0].Style);

    [Theory]
    [InlineData(0.99, 0.03, "it matters which directions")]
    [InlineData(0.99, 0.99, "regularisation, not geometry")]
    [InlineData(0.03, 0.99, "regularisation, not geometry")]
    public void The_control_decides_what_may_be_claimed(double guarded, double control, string claim)
    {
        var finding = ControlFinding.Of(RunLabels.Of([FakeRuns.Run("alignguard", "two-sided", keeps: guarded), FakeRuns.Run("alignguard", "random", keeps: control)]));
        Assert.Contains(claim, finding[0], StringComparison.Ordinal);
        Assert.Equal(2, finding.Count);
    }

    [Fact]
    public void The_control_is_compared_prompt_by_prompt()
    {
        var runs = new[] { FakeRuns.Run("alignguard", "two-sided", keeps: 0.05), FakeRuns.Run("alignguard", "random", keeps: 0.04) };
        Assert.Contains("10 refusals that only AlignGuard two-sided kept, 0 that only the control kept (McNemar's exact p = 0.00195)", ControlFinding.Of(RunLabels.Of(runs))[1], StringComparison.Ordinal);
        // Other prompts, another seed or no final check: no pairs.
        foreach (var other in new[] { runs[1] with { Hashes = runs[1].Hashes with { Prompts = "other" } }, runs[1] with { Seed = 1 }, runs[1] with { RefusedPrompts = "" } })
            Assert.Null(PairedRefusals.Of(runs[0], other));
    }

    [Fact]
    public void A_mean_over_seeds_has_Student_s_interval()
    {
        var runs = new[] { 0.90, 0.92, 0.97 }.Select((v, n) => FakeRuns.Run("lora", null, n) with { Tuned = FakeRuns.Run("lora", null).Tuned with { Refusal = new Rate(v, 0, 1, 100) } }).ToList();
        var mean = SeedMeans.Of(runs, r => r.Refusal)!.Value;
        // t(0.975, 2) = 4.3027; s = 0.036056.
        Assert.Equal(0.93, mean.Value, tolerance: 1e-9);
        Assert.Equal(0.93 - 4.3027 * 0.036056 / Math.Sqrt(3), mean.Low, tolerance: 1e-5);
        Assert.Equal(1, mean.High);
        Assert.Null(SeedMeans.Of(runs[..1], r => r.Refusal));
    }

    [Fact]
    public void A_control_that_keeps_up_in_one_seed_makes_the_evidence_mixed()
    {
        var runs = new[] { FakeRuns.Run("alignguard", "two-sided", 0, keeps: 0.9), FakeRuns.Run("alignguard", "random", 0, keeps: 0.1), FakeRuns.Run("alignguard", "random", 1, keeps: 0.95) };
        Assert.Contains("mixed", ControlFinding.Of(RunLabels.Of(runs))[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_control_nothing_is_claimed() => Assert.Empty(ControlFinding.Of(RunLabels.Of([Any])));

    [Fact]
    public void Layer_names_lose_what_they_share() =>
        Assert.Equal(["0.q_proj", "1.q_proj"], LayerNames.Shorten(["model.layers.0.q_proj", "model.layers.1.q_proj"]));

    [Theory]
    [InlineData("lm_head")]
    [InlineData("a.b")]
    public void A_lone_layer_keeps_its_name(string name) => Assert.Equal([name], LayerNames.Shorten([name]));
}
