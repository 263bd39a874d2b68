using AlignGuard.Guards.Penalties;
using AlignGuard.Guards.Projectors;
using AlignGuard.Guards.Spectrum;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Guards.Tests;

public class ProjectorLaws
{
    private static readonly ProjectorKind[] Exact = [ProjectorKind.TwoSided, ProjectorKind.Left, ProjectorKind.Random];
    private static readonly ProjectorKind[] All = [.. Exact, ProjectorKind.Soft];

    /// <summary>The laws below hold the projector that training uses; this one ties it to the formula.</summary>
    [Law]
    public void The_projector_in_rank_space_is_the_formula(Problem p) => ForEach(p, All, (basis, x) => Close(Project(basis, x), DenseReference.Project(basis, x)));

    [Law]
    public void Both_parts_are_the_whole_and_the_rest_has_no_aligned_part(Problem p) => ForEach(p, Exact, (basis, x) =>
    {
        var aligned = Project(basis, x);
        var rest = DenseReference.Complement(basis, x);
        Close(aligned + rest, x);
        Close(Project(basis, rest), zeros_like(x));
        // The norms and the inner product that the penalties use.
        var overlap = Space(basis, x).Overlap(null, null, null);
        Close(overlap.Whole, x.square().sum());
        Close(overlap.Projected, aligned.square().sum());
        Close(overlap.Rest, rest.square().sum());
        Close(overlap.Cross, (aligned * rest).sum());
    });

    [Law]
    public void Projecting_twice_is_projecting_once(Problem p) => ForEach(p, Exact, (basis, x) =>
        Close(Project(basis, Project(basis, x)), Project(basis, x)));

    [Law]
    public void A_projector_is_symmetric(Problem p) => ForEach(p, All, (basis, x) =>
    {
        var y = p.Normal("Y", p.Out, p.In);
        Close((Project(basis, x) * y).sum(), (x * Project(basis, y)).sum());
    });

    [Law]
    public void The_squared_norms_of_both_parts_add_up(Problem p) => ForEach(p, Exact, (basis, x) =>
    {
        var aligned = Project(basis, x);
        Close(aligned.square().sum() + (x - aligned).square().sum(), x.square().sum());
    });

    [Law]
    public void The_rank_is_the_chosen_rank(Problem p) => ForEach(p, Exact, (basis, _) =>
    {
        // The trace of an orthogonal projector is its rank; of dW → U Uᵀ dW V Vᵀ it is m².
        var trace = Enumerable.Range(0, p.Out * p.In).Sum(k =>
        {
            using var scope = NewDisposeScope();
            var unit = zeros(p.Out * p.In, dtype: ScalarType.Float64);
            unit[k] = 1;
            return Project(basis, unit.view(p.Out, p.In)).view(-1)[k].item<double>();
        });
        var m = basis.Rank.Rank;
        Assert.Equal(basis.Kind == ProjectorKind.Left ? m * p.In : m * m, trace, tolerance: 1e-6);
    });

    [Law]
    public void The_soft_projector_s_eigenvalues_lie_between_0_and_1(Problem p)
    {
        using var basis = p.Basis(ProjectorKind.Soft);
        foreach (var outer in basis.OutWeights)
            foreach (var inner in basis.InWeights)
                Assert.InRange(outer * inner, 0, 1);
        ForEach(p, [ProjectorKind.Soft], (b, x) => Assert.True(Project(b, x).norm().item<double>() <= x.norm().item<double>() * (1 + 1e-12)));
    }

    [Law]
    public void The_energy_reaches_its_target_or_says_so(Problem p)
    {
        foreach (var kind in All)
        {
            using var basis = p.Basis(kind, new RankBounds(1, 4, 0.6));
            Assert.Equal(basis.Rank.Energy >= 0.6 - 1e-9, basis.Rank.Reached);
            if (!basis.Rank.Reached) Assert.Equal(4, basis.Rank.Rank);
        }
    }

    [Law]
    public void One_direction_fewer_would_miss_the_target(Problem p)
    {
        using var factors = p.Factors();
        using var o = EigenSide.Of(factors.Out, p.Examples, 99, "out");
        using var i = EigenSide.Of(factors.In, p.Examples, 99, "in");
        var chosen = ChosenRank.Choose(o.Shares, i.Shares, new RankBounds(1, 99, 0.7));
        Assert.True(chosen.Reached);
        if (chosen.Rank > 1) Assert.True(o.Shares.Take(chosen.Rank - 1).Sum() * i.Shares.Take(chosen.Rank - 1).Sum() < 0.7);
    }

    [Law]
    public void The_random_control_has_the_spectrum_and_the_rank_but_not_the_directions(Problem p)
    {
        using var real = p.Basis(ProjectorKind.TwoSided);
        using var control = p.Basis(ProjectorKind.Random);
        Assert.Equal(real.OutShares, control.OutShares);
        Assert.Equal(real.InShares, control.InShares);
        Assert.Equal(real.U.shape, control.U.shape);
        EigenSide.CheckOrthonormal(control.U, "control");
        Assert.False(allclose(real.U, control.U, rtol: 1e-3, atol: 1e-3));
    }

    /// <summary>P(x) as training computes it: any matrix is the product of itself and an identity.</summary>
    private static Tensor Project(LayerBasis basis, Tensor x) => Space(basis, x).Rows(null).Projected[0];

    private static RankSpace Space(LayerBasis basis, Tensor x) => new(eye(x.shape[1], dtype: ScalarType.Float64).unsqueeze(0), x.unsqueeze(0), 1, Problem.Group(basis));

    private static void ForEach(Problem p, ProjectorKind[] kinds, Action<LayerBasis, Tensor> check)
    {
        using var scope = NewDisposeScope();
        foreach (var kind in kinds) check(p.Basis(kind), p.Normal("X", p.Out, p.In));
    }

    private static void Close(Tensor a, Tensor b) => Assert.True((a - b).abs().max().item<double>() < 1e-9, $"{a} differs from {b}");
}
