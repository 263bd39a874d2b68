using AlignGuard.Guards.Fisher;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Guards.Spectrum;

/// <summary>
/// Leading eigenvectors of one side of a Fisher. Eigenvalues are divided by the trace, so they are shares of the side's energy and no scale of
/// the loss survives in them.
/// </summary>
/// <param name="Vectors">U [d, k], orthonormal columns, float64, on the CPU.</param>
/// <param name="Shares">k eigenvalues over the trace, descending, each in [0, 1].</param>
/// <param name="Diagonal">diag(F) over its own sum, [d] float64: the coordinate metric.</param>
/// <param name="Trace">tr(F) per example before normalisation; 0 = no gradient reached the layer, which is then unguarded.</param>
public sealed record EigenSide(Tensor Vectors, double[] Shares, Tensor Diagonal, double Trace) : IDisposable
{
    /// <summary>Largest |UᵀU − I| accepted.</summary>
    public const double OrthonormalityTolerance = 1e-8;

    /// <summary>Smallest eigenvalue accepted, as a share of the trace: rounding makes a PSD matrix slightly indefinite, a wrong one grossly.</summary>
    public const double NegativeTolerance = 1e-5;

    public int Dimension => (int)Vectors.shape[0];

    /// <summary>Decomposes a side; keeps at most <paramref name="keep"/> eigenpairs.</summary>
    /// <exception cref="GuardFaultException">Non-finite entries, a clearly negative eigenvalue, or a basis that is not orthonormal.</exception>
    public static EigenSide Of(FisherSide side, long examples, int keep, string name)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var diagonal = side.Diagonal().cpu().to(ScalarType.Float64);
        var sum = diagonal.sum().item<double>();
        if (!double.IsFinite(sum)) throw new GuardFaultException($"{name}: the Fisher holds NaN or infinity (trace {sum}). The model's loss on the alignment data is not finite.");
        keep = Math.Min(keep, side.Dimension);
        if (sum <= 0)
            return new EigenSide(eye(side.Dimension, keep, dtype: ScalarType.Float64).DetachFromDisposeScope(), new double[keep], zeros_like(diagonal).DetachFromDisposeScope(), 0);

        var (values, vectors) = side switch
        {
            DenseSide dense => Dense(dense.Sum.cpu(), name),
            SketchSide sketch => Nystrom(sketch.Product.cpu(), sketch.Omega.cpu().to(ScalarType.Float64)),
            _ => throw new InvalidOperationException(side.GetType().Name),
        };
        keep = (int)Math.Min(keep, values.shape[0]);
        vectors = vectors.narrow(1, 0, keep).contiguous();
        CheckOrthonormal(vectors, name);
        var shares = values.narrow(0, 0, keep).div(sum).clamp_(0, 1).data<double>().ToArray();
        return new EigenSide(vectors.DetachFromDisposeScope(), shares, (diagonal / sum).DetachFromDisposeScope(), sum / Math.Max(examples, 1));
    }

    public void Dispose()
    {
        Vectors.Dispose();
        Diagonal.Dispose();
    }

    /// <summary>Fails with the figure when |UᵀU − I| exceeds <see cref="OrthonormalityTolerance"/>.</summary>
    public static void CheckOrthonormal(Tensor vectors, string name)
    {
        using var scope = NewDisposeScope();
        var residual = (vectors.t().matmul(vectors) - eye(vectors.shape[1], dtype: ScalarType.Float64)).abs().max().item<double>();
        if (!(residual <= OrthonormalityTolerance))
            throw new GuardFaultException($"{name}: the eigenbasis is not orthonormal: max |UᵀU − I| = {residual:g3}, allowed {OrthonormalityTolerance:g1}.");
    }

    private static (Tensor Values, Tensor Vectors) Dense(Tensor f, string name)
    {
        var (values, vectors) = linalg.eigh((f + f.t()) / 2);
        var smallest = values[0].item<double>() / f.trace().item<double>();
        if (!(smallest >= -NegativeTolerance))
            throw new GuardFaultException($"{name}: the Fisher is not positive semi-definite: smallest eigenvalue is {smallest:g3} of the trace, allowed −{NegativeTolerance:g1}.");
        return (values.flip(0), vectors.flip(1));
    }

    /// <summary>Stable Nyström (Tropp et al. 2017, Algorithm 3): shift, Cholesky, SVD, unshift.</summary>
    private static (Tensor Values, Tensor Vectors) Nystrom(Tensor y, Tensor omega)
    {
        // Y was summed from float32 products: its noise, not double's, sets the smallest shift that means anything.
        var shift = 1.2e-7 * y.norm().item<double>();
        while (true)
        {
            var shifted = y + shift * omega;
            var core = omega.t().matmul(shifted);
            var (factor, info) = linalg.cholesky_ex((core + core.t()) / 2);
            if (info.item<int>() != 0)
            {
                // PSD in exact arithmetic; a rank-deficient Fisher needs a larger shift before Cholesky goes through.
                shift *= 10;
                continue;
            }
            var e = linalg.solve(factor, shifted.t()).t();
            var (u, s, _) = linalg.svd(e, fullMatrices: false);
            return ((s * s - shift).clamp_min_(0), u);
        }
    }
}
