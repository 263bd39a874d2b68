using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Llama;

/// <summary>cos and sin of every position, [positions, headDim/2], float32. Rotation pairs element k with element k + headDim/2 (the Hugging Face layout).</summary>
internal sealed class RotaryTable : IDisposable
{
    private readonly Tensor _cos, _sin;

    public RotaryTable(RopeConfig rope, int headDim, int positions, Device device)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var frequencies = new float[headDim / 2];
        for (var k = 0; k < frequencies.Length; k++) frequencies[k] = (float)Scaled(rope, Math.Pow(rope.Theta, -2.0 * k / headDim));
        var angles = arange(positions, dtype: ScalarType.Float32).unsqueeze(1) * tensor(frequencies).unsqueeze(0);
        _cos = angles.cos().to(device).DetachFromDisposeScope();
        _sin = angles.sin().to(device).DetachFromDisposeScope();
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

    private static double Scaled(RopeConfig rope, double frequency)
    {
        switch (rope.Type)
        {
            case "linear":
                return frequency / rope.Factor;
            case "llama3":
                // Llama 3.1: long wavelengths are stretched by the factor, short ones kept, the band between interpolated.
                var wavelength = 2 * Math.PI / frequency;
                if (wavelength < rope.OriginalMaxPositions / rope.HighFreqFactor) return frequency;
                if (wavelength > rope.OriginalMaxPositions / rope.LowFreqFactor) return frequency / rope.Factor;
                var smooth = (rope.OriginalMaxPositions / wavelength - rope.LowFreqFactor) / (rope.HighFreqFactor - rope.LowFreqFactor);
                return (1 - smooth) * frequency / rope.Factor + smooth * frequency;
            default:
                return frequency;
        }
    }
}
