using AlignGuard.Guards.Penalties;
using AlignGuard.Guards.Projectors;
using AlignGuard.Guards.Spectrum;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Guards.Tests;

public class PenaltyLaws
{
    private static readonly ProjectorKind[] All = Enum.GetValues<ProjectorKind>();
    private static readonly PenaltyOptions Options = new() { LambdaA = 0.7, LambdaT = 0.3, LambdaNC = 0.5, ErmRows = 0 };

    [Law]
    public void Rank_space_gives_the_dense_values_and_gradients(Problem p)
    {
        using var scope = NewDisposeScope();
        foreach (var kind in All)
            foreach (var metric in Enum.GetValues<OverlapMetric>())
                foreach (var taskFisher in new[] { false, true })
                {
                    var options = Options with { Metric = metric };
                    var basis = p.Basis(kind);
                    var (hOut, hIn) = (Share(p.Normal("hOut", p.Out)), Share(p.Normal("hIn", p.In)));
                    var h = taskFisher ? new DiagonalMetric(hOut.unsqueeze(0), hIn.unsqueeze(0)) : null;
                    var (fast, fastA, fastB) = Gradients(p, (a, b) => GuardPenalty.Evaluate(a, b, p.Scale, Problem.Group(basis), options, h).Total(options));
                    var (slow, slowA, slowB) = Gradients(p, (a, b) => DenseReference.Terms(basis, DenseReference.Displacement(p, a, b), options, taskFisher ? outer(hOut, hIn) : null).Total(options));
                    Near(fast, slow, 1e-8);
                    Near(fastA, slowA, 1e-7);
                    Near(fastB, slowB, 1e-7);
                }
    }

    [Law]
    public void Gradients_are_finite_differences(Problem p)
    {
        using var scope = NewDisposeScope();
        var h = new DiagonalMetric(Share(p.Normal("hOut", p.Out)).unsqueeze(0), Share(p.Normal("hIn", p.In)).unsqueeze(0));
        foreach (var (kind, metric, stability) in All.SelectMany(k => new[] { (k, OverlapMetric.FisherDiagonal, (DiagonalMetric?)null), (k, OverlapMetric.Euclidean, h) }))
        {
            var basis = Problem.Group(p.Basis(kind));
            var options = Options with { Metric = metric };
            // |x·y| has a kink at 0; a direction is differentiated where no entry crosses it, so the step is small.
            Tensor Value(Tensor a, Tensor b) => GuardPenalty.Evaluate(a, b, p.Scale, basis, options, stability).Total(options);
            var (_, gradientA, gradientB) = Gradients(p, Value);
            var (directionA, directionB) = (p.Normal("dA", p.A.shape), p.Normal("dB", p.B.shape));
            const double step = 1e-7;
            var ahead = Value(p.A + directionA * step, p.B + directionB * step).item<double>();
            var behind = Value(p.A - directionA * step, p.B - directionB * step).item<double>();
            var expected = ((gradientA * directionA).sum() + (gradientB * directionB).sum()).item<double>();
            Assert.True(Math.Abs((ahead - behind) / (2 * step) - expected) < 1e-3 * (1 + Math.Abs(expected)), $"{kind}: {(ahead - behind) / (2 * step)} against {expected}");
        }
    }

    /// <summary>B→BG, A→G⁻¹A leaves dW alone; the penalty must not care, and its gradients transform with it.</summary>
    [Law]
    public void Values_are_invariant_and_gradients_covariant_under_a_change_of_factors(Problem p)
    {
        using var scope = NewDisposeScope();
        // Orthogonal times a mild diagonal: condition number 2.
        var (q, _) = linalg.qr(p.Normal("G", p.Rank, p.Rank));
        var g = q.matmul(diag(linspace(1, 2, p.Rank, dtype: ScalarType.Float64)));
        var inverse = linalg.inv(g);
        foreach (var kind in All)
        {
            var basis = Problem.Group(p.Basis(kind));
            Tensor Value(Tensor a, Tensor b) => GuardPenalty.Evaluate(a, b, p.Scale, basis, Options).Total(Options);
            var (value, gradientA, gradientB) = Gradients(p, Value);
            var (moved, movedA, movedB) = Gradients(inverse.matmul(p.A), p.B.matmul(g), Value);
            Near(moved, value, 1e-8);
            // d/dA' with A' = G⁻¹A is Gᵀ d/dA; d/dB' with B' = BG is d/dB G⁻ᵀ.
            Near(movedA, g.t().matmul(gradientA), 1e-6);
            Near(movedB, gradientB.matmul(inverse.t()), 1e-6);
        }
    }

    [Law]
    public void Signs_and_rotations_inside_an_eigenspace_change_nothing(Problem p)
    {
        using var scope = NewDisposeScope();
        var angle = p.Seed % 100 / 16.0;
        foreach (var kind in All)
        {
            var basis = p.Basis(kind);
            // The first two directions made degenerate: equal shares and weights, on each side there is.
            var degenerate = basis with { OutShares = Even(basis.OutShares), InShares = Even(basis.InShares), OutWeights = Even(basis.OutWeights), InWeights = Even(basis.InWeights) };
            var rotated = degenerate with { U = -degenerate.U.matmul(Rotation(basis.U)), V = degenerate.V.matmul(Rotation(basis.V).t()) };
            var (value, gradientA, gradientB) = Gradients(p, (a, b) => GuardPenalty.Evaluate(a, b, p.Scale, Problem.Group(degenerate), Options).Total(Options));
            var (other, otherA, otherB) = Gradients(p, (a, b) => GuardPenalty.Evaluate(a, b, p.Scale, Problem.Group(rotated), Options).Total(Options));
            Near(other, value, 1e-9);
            Near(otherA, gradientA, 1e-7);
            Near(otherB, gradientB, 1e-7);
        }

        static double[] Even(double[] values) => values.Length < 2 ? values : [values[0], values[0], .. values[2..]];

        Tensor Rotation(Tensor basis)
        {
            var rotation = eye(basis.shape[1], dtype: ScalarType.Float64);
            if (basis.shape[1] < 2) return rotation;
            rotation[0, 0] = Math.Cos(angle);
            rotation[0, 1] = -Math.Sin(angle);
            rotation[1, 0] = Math.Sin(angle);
            rotation[1, 1] = Math.Cos(angle);
            return rotation;
        }
    }

    [Law]
    public void An_isotropic_full_rank_Fisher_gives_the_plain_squared_norm(Problem p)
    {
        using var scope = NewDisposeScope();
        var n = Math.Min(p.Out, p.In);
        var square = p with { Out = n, In = n, Rank = Math.Min(p.Rank, n) };
        var side = Isotropic(n);
        var norm = DenseReference.Displacement(square, square.A, square.B).square().sum();
        foreach (var kind in new[] { ProjectorKind.TwoSided, ProjectorKind.Left, ProjectorKind.Random })
        {
            var basis = LayerBasis.Create("layer", kind, side, side, new RankBounds(n, n, 1));
            var terms = GuardPenalty.Evaluate(square.A, square.B, square.Scale, Problem.Group(basis), Options);
            Near(terms.Alignment, norm, 1e-9);
            Assert.True(terms.Stability.item<double>() < 1e-9 * norm.item<double>());
        }
        // One side alone may be of any shape.
        var (output, input) = (Isotropic(p.Out), Isotropic(p.In));
        var left = LayerBasis.Create("layer", ProjectorKind.Left, output, input, new RankBounds(p.Out, p.Out, 1));
        Near(GuardPenalty.Evaluate(p.A, p.B, p.Scale, Problem.Group(left), Options).Alignment, DenseReference.Displacement(p, p.A, p.B).square().sum(), 1e-9);
    }

    /// <summary>⟨P d, (I−P) d⟩ = dᵀ(P−P²)d = 0: with an exact projector the geodesic term has nothing to say, under the Euclidean metric …</summary>
    [Law]
    public void The_geodesic_term_vanishes_for_exact_projectors_under_the_Euclidean_metric(Problem p)
    {
        using var scope = NewDisposeScope();
        var options = Options with { Metric = OverlapMetric.Euclidean };
        foreach (var kind in new[] { ProjectorKind.TwoSided, ProjectorKind.Left, ProjectorKind.Random })
        {
            var basis = Problem.Group(p.Basis(kind));
            var (value, gradientA, gradientB) = Gradients(p, (a, b) => GuardPenalty.Evaluate(a, b, p.Scale, basis, options).Geodesic);
            Assert.True(Math.Abs(value.item<double>()) < 1e-20);
            Assert.True(gradientA.abs().max().item<double>() < 1e-12 && gradientB.abs().max().item<double>() < 1e-12);
        }
    }

    /// <summary>… and under the Fisher metric itself, because P commutes with F.</summary>
    [Law]
    public void The_geodesic_term_vanishes_for_exact_projectors_under_the_Fisher_metric(Problem p)
    {
        using var scope = NewDisposeScope();
        var factors = p.Factors();
        var (fOut, fIn) = (DenseSideOf(factors.Out), DenseSideOf(factors.In));
        foreach (var kind in new[] { ProjectorKind.TwoSided, ProjectorKind.Left })
        {
            var basis = p.Basis(kind);
            var (value, gradientA, gradientB) = Gradients(p, (a, b) =>
            {
                var dW = DenseReference.Displacement(p, a, b);
                var aligned = DenseReference.Project(basis, dW);
                Tensor Metric(Tensor x) => kind == ProjectorKind.Left ? fOut.matmul(x) : fOut.matmul(x).matmul(fIn);
                var cross = (aligned * Metric(dW - aligned)).sum();
                return cross * cross / ((aligned * Metric(aligned)).sum() * ((dW - aligned) * Metric(dW - aligned)).sum() + 1e-24);
            });
            Assert.True(Math.Abs(value.item<double>()) < 1e-16, $"{kind}: {value.item<double>()}");
            Assert.True(gradientA.abs().max().item<double>() < 1e-7 && gradientB.abs().max().item<double>() < 1e-7);
        }
    }

    [Law]
    public void The_geodesic_term_lives_under_the_diagonal_metric_and_with_the_soft_projector(Problem p)
    {
        using var scope = NewDisposeScope();
        foreach (var (kind, metric) in new[] { (ProjectorKind.TwoSided, OverlapMetric.FisherDiagonal), (ProjectorKind.Left, OverlapMetric.FisherDiagonal), (ProjectorKind.Soft, OverlapMetric.Euclidean) })
        {
            var value = GuardPenalty.Evaluate(p.A, p.B, p.Scale, Problem.Group(p.Basis(kind)), Options with { Metric = metric }).Geodesic.item<double>();
            Assert.InRange(value, 1e-12, 1 + 1e-9);
        }
    }

    [Law]
    public void The_full_overlap_energy_lies_between_0_and_1_plus_beta(Problem p)
    {
        using var scope = NewDisposeScope();
        foreach (var kind in All)
        {
            var basis = Problem.Group(p.Basis(kind));
            var value = GuardPenalty.Evaluate(p.A, p.B, p.Scale, basis, Options).Riemannian.item<double>();
            Assert.InRange(value, 0, 1 + Options.Beta);
            var scaled = GuardPenalty.Evaluate(p.A * 50, p.B, p.Scale, basis, Options).Riemannian.item<double>();
            Assert.Equal(value, scaled, tolerance: 1e-8);
        }
    }

    /// <summary>Averaged over every possible sample of rows, the sampled energy is the full one: exactly, not just nearly.</summary>
    [Law]
    public void The_row_sampled_overlap_energy_is_unbiased(Problem p)
    {
        using var scope = NewDisposeScope();
        foreach (var kind in All)
        {
            var basis = Problem.Group(p.Basis(kind));
            var full = GuardPenalty.Evaluate(p.A, p.B, p.Scale, basis, Options).Riemannian.item<double>();
            var mean = Enumerable.Range(0, p.Out).Average(row =>
                GuardPenalty.Evaluate(p.A, p.B, p.Scale, basis, Options, null, tensor(new long[] { row })).Riemannian.item<double>());
            Assert.Equal(full, mean, tolerance: 1e-8);
        }
    }

    /// <summary>The draw of a step's rows, as training makes it, averages out to the full energy.</summary>
    [Fact]
    public void Rows_drawn_as_training_draws_them_estimate_the_full_energy()
    {
        using var scope = NewDisposeScope();
        var p = new Problem(13, 14, 11, 3, 6, 3);
        const int draws = 2000;
        foreach (var kind in All)
        {
            var basis = Problem.Group(p.Basis(kind));
            var full = GuardPenalty.Evaluate(p.A, p.B, p.Scale, basis, Options).Riemannian.item<double>();
            var samples = Enumerable.Range(0, draws).Select(step =>
            {
                using var inner = NewDisposeScope();
                var rows = tensor(AlignGuard.Models.Numerics.Seeds.Host(1, "erm-rows", step, 0).Sample(p.Out, 4));
                return GuardPenalty.Evaluate(p.A, p.B, p.Scale, basis, Options, null, rows).Riemannian.item<double>();
            }).ToList();
            var mean = samples.Average();
            var error = Math.Sqrt(samples.Sum(s => (s - mean) * (s - mean)) / draws / draws);
            Assert.True(error > 0 && Math.Abs(mean - full) < 4 * error, $"{kind}: {mean} ± {error} against {full}");
        }
    }

    [Fact]
    public void At_the_start_where_dW_is_zero_every_term_and_gradient_is_zero_and_finite()
    {
        using var scope = NewDisposeScope();
        var p = new Problem(7, 12, 9, 3, 6, 3);
        foreach (var kind in All)
            foreach (var dtype in new[] { ScalarType.Float32, ScalarType.Float64 })
            {
                var basis = new GroupBasis([p.Basis(kind)], CPU, dtype);
                var a = p.A.to(dtype).detach().requires_grad_(true);
                var b = zeros_like(p.B, dtype: dtype).requires_grad_(true);
                var value = GuardPenalty.Evaluate(a, b, p.Scale, basis, Options).Total(Options);
                value.backward();
                Assert.Equal(0, value.Number(dtype));
                Assert.True(a.grad!.isfinite().all().item<bool>() && b.grad!.isfinite().all().item<bool>(), $"{kind} {dtype}");
            }
    }

    [Fact]
    public void Layers_of_different_rank_stack_without_changing_their_values()
    {
        using var scope = NewDisposeScope();
        var p = new Problem(11, 12, 9, 3, 6, 3);
        foreach (var kind in All)
        {
            var (small, large) = (p.Basis(kind, new RankBounds(2, 2, 0.1)), p.Basis(kind, new RankBounds(5, 5, 0.1)));
            var apart = GuardPenalty.Evaluate(p.A, p.B, p.Scale, Problem.Group(small), Options).Total(Options)
                + GuardPenalty.Evaluate(p.A * 2, p.B, p.Scale, Problem.Group(large), Options).Total(Options);
            var together = GuardPenalty.Evaluate(cat([p.A, p.A * 2]), cat([p.B, p.B]), p.Scale, new GroupBasis([small, large], CPU, ScalarType.Float64), Options).Total(Options);
            Near(together, apart, 1e-9);
        }
    }

    private static EigenSide Isotropic(int n) => new(eye(n, dtype: ScalarType.Float64), [.. Enumerable.Repeat(1.0 / n, n)], full([n], 1.0 / n, dtype: ScalarType.Float64), 1);

    private static Tensor DenseSideOf(Fisher.FisherSide side) => ((Fisher.DenseSide)side).Sum / side.Trace();

    private static Tensor Share(Tensor x) => x.square() / x.square().sum();

    private static (Tensor Value, Tensor A, Tensor B) Gradients(Problem p, Func<Tensor, Tensor, Tensor> value) => Gradients(p.A, p.B, value);

    private static (Tensor Value, Tensor A, Tensor B) Gradients(Tensor a, Tensor b, Func<Tensor, Tensor, Tensor> value)
    {
        a = a.detach().requires_grad_(true);
        b = b.detach().requires_grad_(true);
        var result = value(a, b);
        result.backward();
        return (result.detach(), a.grad!, b.grad!);
    }

    private static void Near(Tensor a, Tensor b, double relative) =>
        Assert.True((a - b).abs().max().item<double>() <= relative * (1e-9 + b.abs().max().item<double>()),
            $"differs by {(a - b).abs().max().item<double>()} of {b.abs().max().item<double>()}");
}

internal static class TensorTestExtensions
{
    public static double Number(this Tensor t, ScalarType dtype) => dtype == ScalarType.Float64 ? t.item<double>() : t.item<float>();
}
