using AlignGuard.Guards.Projectors;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Guards.Penalties;

/// <summary>
/// dW = s·B·A and dW_A = P(dW) of the n layers of a group, held in rank space. With Q = UᵀB:
/// two-sided dW_A = U K Vᵀ, K = W∘(s·Q·(A V)); left dW_A = U K A, K = s·diag(w)·Q. No o×i matrix is formed except chosen rows.
/// </summary>
internal sealed class RankSpace
{
    private readonly Tensor _a, _b;
    private readonly double _scale;
    private readonly GroupBasis _basis;
    private readonly bool _left;

    /// <param name="a">[n, r, i].</param>
    /// <param name="b">[n, o, r].</param>
    public RankSpace(Tensor a, Tensor b, double scale, GroupBasis basis)
    {
        (_a, _b, _scale, _basis) = (a, b, scale, basis);
        _left = basis.Kind == ProjectorKind.Left;
        var q = basis.U.transpose(1, 2).matmul(b);
        K = _left
            ? q * (basis.Weights * scale).unsqueeze(2)
            : q.matmul(a.matmul(basis.V)) * (basis.Weights * scale);
    }

    /// <summary>[n, k, k'] for two sides, [n, k, r] for <see cref="ProjectorKind.Left"/>.</summary>
    public Tensor K { get; }

    public long Out => _b.shape[1];
    public long In => _a.shape[2];

    /// <summary>o·i·Σ λ_a μ_b (u_aᵀ dW_A v_b)², or o·Σ λ_a ‖u_aᵀ dW_A‖²: summed over layers.</summary>
    public Tensor AlignmentEnergy() => _left
        ? ((K.matmul(_a.matmul(_a.transpose(1, 2))) * K).sum(dim: 2) * _basis.Energy).sum() * Out
        : (K * K * _basis.Energy).sum() * (Out * In);

    /// <summary>‖dW‖², ⟨dW_A, dW⟩ and ‖dW_A‖² per layer [n] under M = diag(out) ⊗ diag(in); nulls = Euclidean.</summary>
    /// <param name="grams">Uᵀ diag(out) U and Vᵀ diag(in) V where the metric is not the identity.</param>
    public Overlaps Overlap(Tensor? outer, Tensor? inner, (Tensor Out, Tensor In)? grams)
    {
        var outB = outer is null ? _b : outer.unsqueeze(2) * _b;
        var aIn = inner is null ? _a : _a * inner.unsqueeze(1);
        var bMb = _b.transpose(1, 2).matmul(outB);
        var aMa = aIn.matmul(_a.transpose(1, 2));
        var whole = Sum(bMb * aMa) * (_scale * _scale);

        var uMb = _basis.U.transpose(1, 2).matmul(outB);
        if (_left)
        {
            // dW_A = U K A: both inner products share A's Gram.
            var uMu = grams is { } g ? g.Out.matmul(K) : K;
            return new(whole, Sum(K.transpose(1, 2).matmul(uMb) * aMa) * _scale, Sum(K.transpose(1, 2).matmul(uMu) * aMa));
        }
        var mixed = Sum(K * uMb.matmul(aIn.matmul(_basis.V))) * _scale;
        var projected = grams is { } both ? Sum(both.Out.matmul(K).matmul(both.In) * K) : Sum(K * K);
        return new(whole, mixed, projected);
    }

    /// <summary>Rows of dW and dW_A: [n, rows, i].</summary>
    public (Tensor Whole, Tensor Projected) Rows(Tensor? rows)
    {
        var b = rows is null ? _b : _b.index_select(1, rows);
        var u = rows is null ? _basis.U : _basis.U.index_select(1, rows);
        var right = _left ? _a : _basis.V.transpose(1, 2);
        return ((b * _scale).matmul(_a), u.matmul(K).matmul(right));
    }

    private static Tensor Sum(Tensor x) => x.sum([1, 2]);
}

/// <summary>Per-layer inner products [n]; those with dW_T = dW − dW_A follow.</summary>
internal sealed record Overlaps(Tensor Whole, Tensor Mixed, Tensor Projected)
{
    /// <summary>⟨dW_A, dW_T⟩.</summary>
    public Tensor Cross => Mixed - Projected;

    /// <summary>‖dW_T‖², which rounding may push a hair below zero.</summary>
    public Tensor Rest => (Whole - Mixed * 2 + Projected).clamp_min(0);
}
