using AlignGuard.Guards.Fisher;
using AlignGuard.Guards.Spectrum;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Guards.Tests;

public class FisherLaws
{
    [Law]
    public void The_Gram_form_is_the_sum_over_per_example_gradients(Problem p)
    {
        using var scope = NewDisposeScope();
        var factors = p.Factors();
        var (x, d) = p.Batch();
        var gradients = d.transpose(1, 2).matmul(x);
        Near(((DenseSide)factors.Out).Sum, gradients.matmul(gradients.transpose(1, 2)).sum(dim: 0), 1e-10);
        Near(((DenseSide)factors.In).Sum, gradients.transpose(1, 2).matmul(gradients).sum(dim: 0), 1e-10);
    }

    [Law]
    public void A_Fisher_is_positive_semi_definite(Problem p)
    {
        using var scope = NewDisposeScope();
        var factors = p.Factors();
        foreach (var side in new[] { factors.Out, factors.In })
        {
            var values = linalg.eigvalsh(((DenseSide)side).Sum);
            Assert.True(values.min().item<double>() >= -1e-9 * values.max().item<double>());
        }
    }

    [Law]
    public void Batches_add_in_any_split(Problem p)
    {
        using var scope = NewDisposeScope();
        foreach (var form in new[] { FisherForm.Dense, FisherForm.Sketch })
        {
            var whole = p.Factors(form);
            var parts = new FisherFactors(p.Site, new FisherOptions { Form = form, SketchSize = 12, Seed = p.Seed }, CPU);
            var (x, d) = p.Batch();
            if (form == FisherForm.Sketch) (x, d) = (x.to(ScalarType.Float32), d.to(ScalarType.Float32));
            for (var n = 0; n < p.Examples; n++) parts.Add(x.narrow(0, n, 1), d.narrow(0, n, 1));
            Assert.Equal(whole.Examples, parts.Examples);
            var tolerance = form == FisherForm.Dense ? 1e-10 : 1e-4;
            Near(Sum(whole.Out), Sum(parts.Out), tolerance);
            Near(Sum(whole.In), Sum(parts.In), tolerance);
            Near(whole.Out.Diagonal(), parts.Out.Diagonal(), tolerance);
        }
    }

    [Law]
    public void Both_sides_have_one_trace(Problem p)
    {
        using var factors = p.Factors();
        Assert.Equal(1, factors.Out.Trace() / factors.In.Trace(), tolerance: 1e-9);
    }

    [Law]
    public void Normalised_eigenvalues_do_not_know_the_scale_of_the_loss(Problem p)
    {
        using var scope = NewDisposeScope();
        var scaled = new FisherFactors(p.Site, new FisherOptions { Form = FisherForm.Dense }, CPU);
        var (x, d) = p.Batch();
        scaled.Add(x, d * 1000);
        var (one, other) = (EigenSide.Of(p.Factors().Out, p.Examples, 99, "a"), EigenSide.Of(scaled.Out, p.Examples, 99, "b"));
        for (var k = 0; k < one.Shares.Length; k++) Assert.Equal(one.Shares[k], other.Shares[k], tolerance: 1e-9);
        Assert.Equal(1, one.Shares.Sum(), tolerance: 1e-9);
    }

    /// <summary>Where the sketch is wider than the Fisher's rank it is exact; the leading subspaces then coincide.</summary>
    [Law]
    public void A_wide_sketch_spans_the_dense_eigenvectors(Problem p)
    {
        using var scope = NewDisposeScope();
        var problem = p with { Out = p.Out + 20, In = p.In + 20, Examples = 3, Tokens = 2 };
        var (dense, sketch) = (problem.Factors(), problem.Factors(FisherForm.Sketch, 14));
        foreach (var (whole, sketched) in new[] { (dense.Out, sketch.Out), (dense.In, sketch.In) })
        {
            // Cosines of the principal angles between the two leading subspaces.
            var cosines = linalg.svdvals(EigenSide.Of(whole, 3, 3, "dense").Vectors.t().matmul(EigenSide.Of(sketched, 3, 3, "sketch").Vectors));
            Assert.True(cosines.min().item<double>() > 0.999, $"smallest cosine {cosines.min().item<double>():f4}");
        }
    }

    [Fact]
    public void A_sketch_narrower_than_the_rank_still_finds_the_leading_directions()
    {
        using var scope = NewDisposeScope();
        var problem = new Problem(5, 96, 80, 2, 40, 3);
        var dense = EigenSide.Of(problem.Factors().Out, 40, 8, "dense");
        var sketch = EigenSide.Of(problem.Factors(FisherForm.Sketch, 48).Out, 40, 8, "sketch");
        var cosines = linalg.svdvals(dense.Vectors.narrow(1, 0, 4).t().matmul(sketch.Vectors));
        Assert.True(cosines.min().item<double>() > 0.97, $"smallest cosine {cosines.min().item<double>():f4}");
        Assert.Equal(dense.Shares[0], sketch.Shares[0], 1);
    }

    [Fact]
    public void The_sketch_estimates_the_diagonal_without_bias()
    {
        using var scope = NewDisposeScope();
        var problem = new Problem(3, 24, 20, 2, 6, 4);
        var exact = problem.Factors().In.Diagonal();
        var mean = zeros_like(exact);
        const int draws = 400;
        for (var s = 0; s < draws; s++)
        {
            using var inner = NewDisposeScope();
            var sketch = new FisherFactors(problem.Site, new FisherOptions { Form = FisherForm.Sketch, SketchSize = 8, Seed = s }, CPU);
            var (x, d) = problem.Batch();
            sketch.Add(x.to(ScalarType.Float32), d.to(ScalarType.Float32));
            mean.add_(sketch.In.Diagonal() / draws);
        }
        Assert.Equal(1, (mean.sum() / exact.sum()).item<double>(), 1);
        Near(mean, exact, 0.1);
    }

    [Fact]
    public void A_layer_that_no_gradient_reached_is_unguarded_and_says_so()
    {
        using var scope = NewDisposeScope();
        var problem = new Problem(1, 8, 8, 2, 4, 2);
        var factors = new FisherFactors(problem.Site, new FisherOptions { Form = FisherForm.Dense }, CPU);
        factors.Add(zeros(2, 3, 8, dtype: ScalarType.Float64), zeros(2, 3, 8, dtype: ScalarType.Float64));
        var side = EigenSide.Of(factors.Out, 2, 4, "silent");
        Assert.Equal(0, side.Trace);
        using var basis = Projectors.LayerBasis.Create("silent", Projectors.ProjectorKind.TwoSided, side, EigenSide.Of(factors.In, 2, 4, "silent"), new RankBounds());
        Assert.False(basis.Guarded);
        Assert.Equal(0, DenseReference.Project(basis, ones(8, 8, dtype: ScalarType.Float64)).abs().max().item<double>());
    }

    [Fact]
    public void A_Fisher_with_a_NaN_fails_with_the_layer_s_name()
    {
        using var factors = new FisherFactors(new Problem(1, 8, 8, 2, 4, 2).Site, new FisherOptions { Form = FisherForm.Dense }, CPU);
        using var scope = NewDisposeScope();
        factors.Add(full([1, 2, 8], double.NaN, dtype: ScalarType.Float64), ones(1, 2, 8, dtype: ScalarType.Float64));
        var fault = Assert.Throws<GuardFaultException>(() => EigenSide.Of(factors.Out, 1, 4, "model.layers.3.mlp.up_proj"));
        Assert.Contains("model.layers.3.mlp.up_proj", fault.Message);
    }

    [Fact]
    public void An_indefinite_matrix_is_refused_with_the_figure()
    {
        using var side = new DenseSide(4, CPU);
        side.Sum.add_(diag(tensor(new double[] { 4, 3, 2, -1 })));
        var fault = Assert.Throws<GuardFaultException>(() => EigenSide.Of(side, 1, 4, "layer"));
        Assert.Contains("-0.125", fault.Message);
    }

    private static Tensor Sum(FisherSide side) => side is DenseSide dense ? dense.Sum : ((SketchSide)side).Product;

    private static void Near(Tensor a, Tensor b, double relative) =>
        Assert.True((a - b).abs().max().item<double>() <= relative * b.abs().max().item<double>(), $"{(a - b).abs().max().item<double>()} of {b.abs().max().item<double>()}");
}
