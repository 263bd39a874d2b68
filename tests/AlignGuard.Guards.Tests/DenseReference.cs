using AlignGuard.Guards.Penalties;
using AlignGuard.Guards.Projectors;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Guards.Tests;

/// <summary>The formulas of the method written down with full o×i matrices, as slowly and plainly as possible.</summary>
public static class DenseReference
{
    /// <summary>P(dW).</summary>
    public static Tensor Project(LayerBasis basis, Tensor dW)
    {
        var left = basis.U.matmul(diag(tensor(basis.OutWeights))).matmul(basis.U.t());
        if (basis.Kind == ProjectorKind.Left) return left.matmul(dW);
        var right = basis.V.matmul(diag(tensor(basis.InWeights))).matmul(basis.V.t());
        return left.matmul(dW).matmul(right);
    }

    /// <summary>(I − P)(dW), from the bases' orthogonal complements and not by subtraction: dW = (U Uᵀ + U⊥U⊥ᵀ) dW (V Vᵀ + V⊥V⊥ᵀ). Exact projectors only.</summary>
    public static Tensor Complement(LayerBasis basis, Tensor dW)
    {
        var (inU, offU) = Both(basis.U);
        if (basis.Kind == ProjectorKind.Left) return offU.matmul(dW);
        var (_, offV) = Both(basis.V);
        return offU.matmul(dW) + inU.matmul(dW).matmul(offV);

        static (Tensor In, Tensor Off) Both(Tensor basis)
        {
            var (q, _) = linalg.qr(cat([basis, eye(basis.shape[0], dtype: ScalarType.Float64)], 1), linalg.QRMode.Reduced);
            var rest = q.narrow(1, basis.shape[1], basis.shape[0] - basis.shape[1]);
            return (basis.matmul(basis.t()), rest.matmul(rest.t()));
        }
    }

    public static Tensor Displacement(Problem p, Tensor a, Tensor b) => b[0].matmul(a[0]) * p.Scale;

    public static PenaltyTerms Terms(LayerBasis basis, Tensor dW, PenaltyOptions options, Tensor? h = null, Tensor? metric = null)
    {
        var aligned = Project(basis, dW);
        var rest = dW - aligned;
        long o = dW.shape[0], i = dW.shape[1];
        Tensor alignment;
        if (basis.Kind == ProjectorKind.Left)
        {
            var root = diag(tensor(basis.OutShares).sqrt()).matmul(basis.U.t());
            alignment = root.matmul(aligned).square().sum() * o;
        }
        else
        {
            var outRoot = diag(tensor(basis.OutShares).sqrt()).matmul(basis.U.t());
            var inRoot = basis.V.matmul(diag(tensor(basis.InShares).sqrt()));
            alignment = outRoot.matmul(aligned).matmul(inRoot).square().sum() * (o * i);
        }
        var stability = ((h is null ? ones_like(dW) : h * (o * i)) * rest.square()).sum();
        var tau = dW.square().mean().sqrt();
        var eta = ((dW.abs() - tau) / tau).sigmoid() * options.Beta + 1;
        var riemannian = (eta * (aligned * rest).abs()).sum() / (aligned.norm() * rest.norm() + 1e-12);
        metric ??= options.Metric == OverlapMetric.Euclidean ? ones_like(dW) : outer(basis.OutDiagonal, basis.InDiagonal);
        var geodesic = (metric * aligned * rest).sum().square() / ((metric * aligned.square()).sum() * (metric * rest.square()).sum() + 1e-24);
        return new PenaltyTerms(alignment, stability, riemannian, geodesic);
    }
}
