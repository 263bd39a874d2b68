using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Guards.Fisher;

/// <summary>One side of a layer's Fisher, F_out (o×o) or F_in (i×i), summed over the examples seen.</summary>
public abstract class FisherSide(int dimension) : IDisposable
{
    /// <summary>o or i.</summary>
    public int Dimension { get; } = dimension;

    /// <summary>diag(F) summed over examples, [d]; an unbiased estimate where the side is a sketch.</summary>
    public abstract Tensor Diagonal();

    /// <summary>tr(F) summed over examples, which is Σ‖G_n‖²: the same for both sides up to the sketch's sampling.</summary>
    public double Trace()
    {
        using var scope = NewDisposeScope();
        return Diagonal().sum().item<double>();
    }

    public abstract void Dispose();
}

/// <summary>The whole factor [d, d], accumulated in float32 per batch and summed in float64.</summary>
public sealed class DenseSide(int dimension, Device device) : FisherSide(dimension)
{
    public Tensor Sum { get; } = zeros(dimension, dimension, dtype: ScalarType.Float64, device: device).DetachFromDisposeScope();

    /// <summary>Adds Σ_n P_nᵀ (Q_n Q_nᵀ) P_n: with P = D, Q = X it is F_out, the other way round F_in. P [N, T, d], Q [N, T, e].</summary>
    public void Add(Tensor p, Tensor q)
    {
        using var scope = NewDisposeScope();
        var gram = q.matmul(q.transpose(1, 2));
        var weighted = gram.matmul(p).reshape(-1, Dimension);
        Sum.add_(p.reshape(-1, Dimension).t().matmul(weighted));
    }

    public override Tensor Diagonal() => Sum.diagonal();

    public override void Dispose() => Sum.Dispose();
}

/// <summary>
/// Y = F Ω for a fixed Gaussian Ω [d, q], which is all that the Nyström approximation F ≈ Y(ΩᵀY)⁺Yᵀ needs; F itself is never held.
/// </summary>
public sealed class SketchSide : FisherSide
{
    public SketchSide(int dimension, int columns, long seed, Device device) : base(dimension)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed);
        Omega = randn([dimension, Math.Min(columns, dimension)], dtype: ScalarType.Float32, generator: generator).to(device).DetachFromDisposeScope();
        Product = zeros(Omega.shape, dtype: ScalarType.Float64, device: device).DetachFromDisposeScope();
        DiagonalSum = zeros(dimension, dtype: ScalarType.Float64, device: device).DetachFromDisposeScope();
    }

    /// <summary>Ω [d, q].</summary>
    public Tensor Omega { get; }
    /// <summary>Y = F Ω [d, q].</summary>
    public Tensor Product { get; }
    /// <summary>Estimate of diag(F) [d], from the other side's sketch.</summary>
    public Tensor DiagonalSum { get; }

    public override Tensor Diagonal() => DiagonalSum;

    public override void Dispose()
    {
        Omega.Dispose();
        Product.Dispose();
        DiagonalSum.Dispose();
    }
}
