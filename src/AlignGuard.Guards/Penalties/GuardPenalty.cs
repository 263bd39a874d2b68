using AlignGuard.Guards.Projectors;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Guards.Penalties;

/// <summary>The guard's energies of one adapter group, in rank space.</summary>
public static class GuardPenalty
{
    // Keeps 0/0 out of the first step, where dW = 0; far below any norm that a step produces.
    private const double Epsilon = 1e-12;
    // Under square roots, whose gradient at 0 would be infinite; squares of norms, and still a normal number in float32.
    private const double Tiny = 1e-30;

    /// <param name="a">[n, r, i].</param>
    /// <param name="b">[n, o, r].</param>
    /// <param name="scale">s.</param>
    /// <param name="stability">H of the task-stability term; null = identity.</param>
    /// <param name="rows">[k] row indices that E_RM's numerator samples (an unbiased estimate over uniform draws); null = all rows.</param>
    public static PenaltyTerms Evaluate(Tensor a, Tensor b, double scale, GroupBasis basis, PenaltyOptions options, DiagonalMetric? stability = null, Tensor? rows = null)
    {
        using var scope = NewDisposeScope();
        var space = new RankSpace(a, b, scale, basis);
        var plain = space.Overlap(null, null, null);
        var diagonal = options.Metric == OverlapMetric.Euclidean
            ? plain
            : space.Overlap(basis.OutDiagonal, basis.InDiagonal, (basis.OutGram, basis.InGram));
        var terms = new PenaltyTerms(space.AlignmentEnergy(), Stability(space, basis, plain, stability), Riemannian(space, plain, options, rows), Geodesic(diagonal));
        return new(terms.Alignment.MoveToOuterDisposeScope(), terms.Stability.MoveToOuterDisposeScope(),
            terms.Riemannian.MoveToOuterDisposeScope(), terms.Geodesic.MoveToOuterDisposeScope());
    }

    /// <summary>cos(dW_A, dW_T) per layer [n], no gradient: under the diagonal Fisher metric and the Euclidean one.</summary>
    public static (Tensor FisherDiagonal, Tensor Euclidean) Cosines(Tensor a, Tensor b, double scale, GroupBasis basis)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var space = new RankSpace(a, b, scale, basis);
        return (Cosine(space.Overlap(basis.OutDiagonal, basis.InDiagonal, (basis.OutGram, basis.InGram))).MoveToOuterDisposeScope(),
            Cosine(space.Overlap(null, null, null)).MoveToOuterDisposeScope());

        static Tensor Cosine(Overlaps o) => o.Cross / ((o.Projected * o.Rest).sqrt() + Epsilon);
    }

    private static Tensor Stability(RankSpace space, GroupBasis basis, Overlaps plain, DiagonalMetric? h)
    {
        if (h is null) return plain.Rest.sum();
        // Scaled by o·i because h sums to 1 and an isotropic h has to give ‖dW_T‖².
        var outGram = basis.U.transpose(1, 2).matmul(h.Out.unsqueeze(2) * basis.U);
        var inGram = basis.V.transpose(1, 2).matmul(h.In.unsqueeze(2) * basis.V);
        return space.Overlap(h.Out, h.In, (outGram, inGram)).Rest.sum() * (space.Out * space.In);
    }

    /// <summary>E_RM = Σ η|dW_A∘dW_T| / (‖dW_A‖‖dW_T‖ + ε), η = 1 + β·σ((|dW|−τ)/τ), τ = RMS of dW. Scale-free, in [0, 1+β].</summary>
    private static Tensor Riemannian(RankSpace space, Overlaps plain, PenaltyOptions options, Tensor? rows)
    {
        var (whole, projected) = space.Rows(rows);
        var threshold = ((plain.Whole.clamp_min(0) + Tiny) / (space.Out * space.In)).sqrt().view(-1, 1, 1);
        var gate = ((whole.abs() - threshold) / threshold).sigmoid() * options.Beta + 1;
        var numerator = (gate * (projected * (whole - projected)).abs()).sum([1, 2]);
        if (rows is not null) numerator = numerator * ((double)space.Out / rows.shape[0]);
        return (numerator / ((plain.Projected * plain.Rest + Tiny).sqrt() + Epsilon)).sum();
    }

    /// <summary>E_geo = ⟨dW_A,dW_T⟩² / (‖dW_A‖²‖dW_T‖² + ε) in the metric of <paramref name="o"/>.</summary>
    private static Tensor Geodesic(Overlaps o) => (o.Cross * o.Cross / (o.Projected * o.Rest + Epsilon * Epsilon)).sum();
}
