using AlignGuard.Guards.Spectrum;
using AlignGuard.Models.Numerics;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Guards.Projectors;

/// <summary>What one layer is guarded with until the next refresh. Tensors are float64 on the CPU.</summary>
/// <param name="Layer">Module name.</param>
/// <param name="Kind">The projector.</param>
/// <param name="U">[o, k] output directions.</param>
/// <param name="V">[i, k] input directions; an unused [i, 0] for <see cref="ProjectorKind.Left"/>.</param>
/// <param name="OutShares">λ, k eigenvalue shares of F_out.</param>
/// <param name="InShares">μ, k eigenvalue shares of F_in.</param>
/// <param name="OutWeights">k weights of the projector, 1 where it is exact.</param>
/// <param name="InWeights">Likewise.</param>
/// <param name="OutDiagonal">diag(F_out)/tr, [o].</param>
/// <param name="InDiagonal">diag(F_in)/tr, [i].</param>
/// <param name="Rank">The m that was chosen; k for all kinds but <see cref="ProjectorKind.Soft"/>.</param>
/// <param name="Trace">tr(F) per example; 0 = unguarded.</param>
public sealed record LayerBasis(string Layer, ProjectorKind Kind, Tensor U, Tensor V, double[] OutShares, double[] InShares,
    double[] OutWeights, double[] InWeights, Tensor OutDiagonal, Tensor InDiagonal, ChosenRank Rank, double Trace) : IDisposable
{
    public bool Guarded => Trace > 0;

    /// <param name="seed">For <see cref="ProjectorKind.Random"/> only.</param>
    public static LayerBasis Create(string layer, ProjectorKind kind, EigenSide output, EigenSide input, RankBounds bounds, long seed = 0)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var left = kind == ProjectorKind.Left;
        var rank = ChosenRank.Choose(output.Shares, left ? null : input.Shares, bounds);
        var guarded = output.Trace > 0;
        var kept = !guarded ? 0 : kind == ProjectorKind.Soft
            ? Math.Min(bounds.Max, Math.Min(output.Shares.Length, input.Shares.Length))
            : rank.Rank;
        var keptIn = left ? 0 : kept;
        var outShares = output.Shares[..kept];
        var inShares = input.Shares[..keptIn];
        return new LayerBasis(layer, kind,
            Vectors(output, kept, "out").DetachFromDisposeScope(), Vectors(input, keptIn, "in").DetachFromDisposeScope(),
            outShares, inShares, Weights(outShares), Weights(inShares),
            output.Diagonal.clone().DetachFromDisposeScope(), input.Diagonal.clone().DetachFromDisposeScope(), rank, guarded ? output.Trace : 0);

        Tensor Vectors(EigenSide side, int count, string name) => kind == ProjectorKind.Random
            ? RandomOrthonormal(side.Dimension, count, Seeds.Derive(seed, $"random-basis/{layer}/{name}"))
            : side.Vectors.narrow(1, 0, count).clone();

        double[] Weights(double[] shares) => kind == ProjectorKind.Soft
            ? [.. shares.Select(s => s <= 0 ? 0 : s / (s + shares[rank.Rank - 1]))]
            : [.. shares.Select(_ => 1.0)];
    }

    /// <summary>Haar-distributed orthonormal columns [d, count].</summary>
    public static Tensor RandomOrthonormal(int dimension, int count, long seed)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed);
        var (q, r) = linalg.qr(randn([dimension, count], dtype: ScalarType.Float64, generator: generator));
        // QR alone is not Haar: the signs of R's diagonal have to be folded in.
        return (q * r.diagonal().sign().unsqueeze(0)).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        foreach (var tensor in new[] { U, V, OutDiagonal, InDiagonal }) tensor.Dispose();
    }
}
