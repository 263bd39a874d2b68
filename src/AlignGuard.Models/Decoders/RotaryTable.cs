using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Decoders;

/// <summary>cos and sin of every position, [positions, headDim/2]. Rotation pairs element k with element k + headDim/2 (the Hugging Face layout).</summary>
internal sealed class RotaryTable : IDisposable
{
    private readonly Tensor _cos, _sin;

    /// <param name="dtype">Of what is rotated; the angles are worked out in float32.</param>
    public RotaryTable(RopeConfig rope, int headDim, int positions, Device device, ScalarType dtype)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var frequencies = RopeFrequencies.Of(rope, headDim);
        var angles = arange(positions, dtype: ScalarType.Float32).unsqueeze(1) * tensor(frequencies).unsqueeze(0);
        var factor = RopeFrequencies.Factor(rope);
        _cos = (angles.cos() * factor).to(dtype).to(device).DetachFromDisposeScope();
        _sin = (angles.sin() * factor).to(dtype).to(device).DetachFromDisposeScope();
    }

    /// <summary>Tables of consecutive positions: [length, headDim/2], which broadcasts over rows and heads.</summary>
    public (Tensor Cos, Tensor Sin) Range(long start, long length) => (_cos.narrow(0, start, length), _sin.narrow(0, start, length));

    /// <summary>Tables of given positions [N, T]: [N, 1, T, headDim/2].</summary>
    public (Tensor Cos, Tensor Sin) At(Tensor positions)
    {
        var flat = positions.reshape(-1);
        long n = positions.shape[0], t = positions.shape[1];
        return (_cos.index_select(0, flat).view(n, 1, t, -1), _sin.index_select(0, flat).view(n, 1, t, -1));
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
