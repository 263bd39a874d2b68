namespace AlignGuard.Models.Decoders;

/// <summary>How fast each pair of dimensions turns with the position, by the kinds of scaling that checkpoints name.</summary>
internal static class RopeFrequencies
{
    /// <summary>Kinds that are computed. <c>dynamic</c> only differs beyond the model's positions, which are an error here.</summary>
    public static readonly string[] Kinds = ["default", "linear", "dynamic", "yarn", "llama3"];

    /// <summary>Radians a position, [headDim/2].</summary>
    public static float[] Of(RopeConfig rope, int headDim)
    {
        var ramp = rope.Type == "yarn" ? Ramp(rope, headDim) : null;
        return [.. Enumerable.Range(0, headDim / 2).Select(k => (float)Scaled(rope, Math.Pow(rope.Theta, -2.0 * k / headDim), ramp?[k] ?? 0))];
    }

    /// <summary>Of cos and sin.</summary>
    public static double Factor(RopeConfig rope) => rope.Type != "yarn" ? 1 : rope.AttentionFactor ?? (rope.Factor <= 1 ? 1 : 0.1 * Math.Log(rope.Factor) + 1);

    private static double Scaled(RopeConfig rope, double frequency, double stretched)
    {
        switch (rope.Type)
        {
            case "linear":
                return frequency / rope.Factor;
            case "yarn":
                return frequency / rope.Factor * stretched + frequency * (1 - stretched);
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

    /// <summary>Yarn (arXiv 2309.00071): how much of each dimension is stretched, 0 to 1, between those that turn BetaFast and BetaSlow times within the original length.</summary>
    private static double[] Ramp(RopeConfig rope, int headDim)
    {
        var low = Math.Max(Math.Floor(Dimension(rope.BetaFast)), 0);
        var high = Math.Min(Math.Ceiling(Dimension(rope.BetaSlow)), headDim - 1);
        if (low == high) high += 0.001;
        return [.. Enumerable.Range(0, headDim / 2).Select(k => Math.Clamp((k - low) / (high - low), 0, 1))];

        double Dimension(double turns) => headDim * Math.Log(rope.OriginalMaxPositions / (turns * 2 * Math.PI)) / (2 * Math.Log(rope.Theta));
    }
}
