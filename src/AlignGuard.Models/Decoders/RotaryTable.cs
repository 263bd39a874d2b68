using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Decoders;

/// <summary>cos and sin of every position, [positions, headDim/2]. Rotation pairs element k with element k + headDim/2 (the Hugging Face layout).</summary>
internal sealed class RotaryTable : IDisposable
{
    // As long as any text was so far; a model may have millions of positions, and few texts do.
    private const long Shortest = 2048;

    private readonly RopeConfig _rope;
    private readonly int _headDim;
    private Tensor _cos, _sin;

    /// <param name="dtype">Of what is rotated; the angles are worked out in float32.</param>
    public RotaryTable(RopeConfig rope, int headDim, Device device, ScalarType dtype)
    {
        (_rope, _headDim) = (rope, headDim);
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var (cos, sin) = Tables(Shortest, 0, device, dtype);
        (_cos, _sin) = (cos.DetachFromDisposeScope(), sin.DetachFromDisposeScope());
    }

    /// <summary>Tables of consecutive positions: [length, headDim/2], which broadcasts over rows and heads.</summary>
    public (Tensor Cos, Tensor Sin) Range(long start, long length)
    {
        var (cos, sin) = Of(start + length, start + length);
        return (cos.narrow(0, start, length), sin.narrow(0, start, length));
    }

    /// <summary>Tables of given positions [N, T]: [N, 1, T, headDim/2].</summary>
    /// <param name="bound">All positions lie below it.</param>
    public (Tensor Cos, Tensor Sin) At(Tensor positions, long bound)
    {
        // Only where the rotation depends on the length does the host wait for it.
        var (cos, sin) = Of(_rope.TurnsByLength ? positions.max().item<long>() + 1 : 0, bound);
        var flat = positions.reshape(-1);
        long n = positions.shape[0], t = positions.shape[1];
        return (cos.index_select(0, flat).view(n, 1, t, -1), sin.index_select(0, flat).view(n, 1, t, -1));
    }

    /// <summary>Those of a text of so many tokens. What a cache holds was turned as its own text was long: so it is where such models were made.</summary>
    private (Tensor Cos, Tensor Sin) Of(long length, long bound)
    {
        if (_rope.TurnsByLength && length > _rope.OriginalMaxPositions) return Tables(bound, length, _cos.device, _cos.dtype);
        if (bound > _cos.shape[0]) Grow(bound);
        return (_cos, _sin);
    }

    private void Grow(long bound)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var (cos, sin) = Tables(Math.Max(bound, 2 * _cos.shape[0]), 0, _cos.device, _cos.dtype);
        Dispose();
        (_cos, _sin) = (cos.DetachFromDisposeScope(), sin.DetachFromDisposeScope());
    }

    private (Tensor Cos, Tensor Sin) Tables(long positions, long length, Device device, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var angles = arange(positions, dtype: ScalarType.Float32).unsqueeze(1) * tensor(RopeFrequencies.Of(_rope, _headDim, length)).unsqueeze(0);
        var factor = RopeFrequencies.Factor(_rope);
        return ((angles.cos() * factor).to(dtype).to(device).MoveToOuterDisposeScope(), (angles.sin() * factor).to(dtype).to(device).MoveToOuterDisposeScope());
    }

    /// <summary>Rotates x [N, heads, T, headDim].</summary>
    public static Tensor Rotate(Tensor x, Tensor cos, Tensor sin)
    {
        var half = x.shape[^1] / 2;
        Tensor first = x.narrow(-1, 0, half), second = x.narrow(-1, half, half);
        return cat([first * cos - second * sin, second * cos + first * sin], -1);
    }

    public void Dispose()
    {
        _cos.Dispose();
        _sin.Dispose();
    }
}
