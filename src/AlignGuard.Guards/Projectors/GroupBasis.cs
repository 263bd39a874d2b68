using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Guards.Projectors;

/// <summary>
/// The bases of the n layers of one shape, stacked for batched products. Layers of smaller rank are padded with zero columns, whose weights and
/// eigenvalues are zero too: they contribute nothing.
/// </summary>
public sealed class GroupBasis : IDisposable
{
    /// <param name="layers">In the order of the adapter group's layers.</param>
    /// <param name="dtype">float32 in training, float64 in tests.</param>
    public GroupBasis(IReadOnlyList<LayerBasis> layers, Device device, ScalarType dtype = ScalarType.Float32)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        Kind = layers[0].Kind;
        int k = Math.Max(1, layers.Max(l => (int)l.U.shape[1])), kIn = Math.Max(1, layers.Max(l => (int)l.V.shape[1]));
        U = Keep(stack([.. layers.Select(l => Widen(l.U, k))]));
        V = Keep(stack([.. layers.Select(l => Widen(l.V, kIn))]));
        OutDiagonal = Keep(stack([.. layers.Select(l => l.OutDiagonal)]));
        InDiagonal = Keep(stack([.. layers.Select(l => l.InDiagonal)]));
        var outShares = Rows(layers.Select(l => l.OutShares), k);
        var outWeights = Rows(layers.Select(l => l.OutWeights), k);
        if (Kind == ProjectorKind.Left)
        {
            Energy = Keep(outShares);
            Weights = Keep(outWeights);
        }
        else
        {
            Energy = Keep(outShares.unsqueeze(2) * Rows(layers.Select(l => l.InShares), kIn).unsqueeze(1));
            Weights = Keep(outWeights.unsqueeze(2) * Rows(layers.Select(l => l.InWeights), kIn).unsqueeze(1));
        }
        OutGram = Keep(U.transpose(1, 2).matmul(OutDiagonal.unsqueeze(2) * U));
        InGram = Keep(V.transpose(1, 2).matmul(InDiagonal.unsqueeze(2) * V));

        Tensor Keep(Tensor t) => t.to(dtype).to(device).contiguous().DetachFromDisposeScope();
        Tensor Widen(Tensor t, int columns) => cat([t, zeros(t.shape[0], columns - t.shape[1], dtype: ScalarType.Float64)], 1);
        Tensor Rows(IEnumerable<double[]> rows, int columns) =>
            stack([.. rows.Select(r => tensor([.. r, .. new double[columns - r.Length]], dtype: ScalarType.Float64))]);
    }

    public ProjectorKind Kind { get; }
    /// <summary>[n, o, k].</summary>
    public Tensor U { get; }
    /// <summary>[n, i, k'].</summary>
    public Tensor V { get; }
    /// <summary>λ_a μ_b: [n, k, k'], or λ_a: [n, k] for <see cref="ProjectorKind.Left"/>.</summary>
    public Tensor Energy { get; }
    /// <summary>Projector weights in the same shape as <see cref="Energy"/>.</summary>
    public Tensor Weights { get; }
    /// <summary>[n, o] and [n, i]: the diagonal metric M = diag(F_out) ⊗ diag(F_in), each normalised by its trace.</summary>
    public Tensor OutDiagonal { get; }
    public Tensor InDiagonal { get; }
    /// <summary>Uᵀ diag(F_out) U [n, k, k] and Vᵀ diag(F_in) V [n, k', k'].</summary>
    public Tensor OutGram { get; }
    public Tensor InGram { get; }

    public void Dispose()
    {
        foreach (var t in new[] { U, V, Energy, Weights, OutDiagonal, InDiagonal, OutGram, InGram }) t.Dispose();
    }
}
