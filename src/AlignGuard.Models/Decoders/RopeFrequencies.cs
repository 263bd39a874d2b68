namespace AlignGuard.Models.Decoders;

/// <summary>How fast each pair of dimensions turns with the position, by the kinds of scaling that checkpoints name.</summary>
internal static class RopeFrequencies
{
    /// <summary>Kinds that are computed.</summary>
    public static readonly string[] Kinds = ["default", "linear", "dynamic", "yarn", "longrope", "llama3"];

    /// <summary>Radians a position, [headDim/2].</summary>
    /// <param name="length">Tokens of the text: beyond the original length <c>dynamic</c> turns ever slower ("NTK-aware": the base grows with it), and <c>longrope</c> has other divisors.</param>
    public static float[] Of(RopeConfig rope, int headDim, long length = 0)
    {
        if (rope.Type == "dynamic" && length > rope.OriginalMaxPositions)
            rope = rope with { Theta = rope.Theta * Math.Pow(rope.Factor * length / rope.OriginalMaxPositions - (rope.Factor - 1), headDim / (headDim - 2.0)) };
        if (rope.Type == "longrope")
        {
            // LongRoPE (arXiv 2402.13753): a divisor for every dimension, found by search.
            var divisors = length > rope.OriginalMaxPositions ? rope.LongFactors : rope.ShortFactors;
            return [.. divisors.Select((by, k) => (float)(Math.Pow(rope.Theta, -2.0 * k / headDim) / by))];
        }
        var ramp = rope.Type == "yarn" ? Ramp(rope, headDim) : null;
        return [.. Enumerable.Range(0, headDim / 2).Select(k => (float)Scaled(rope, Math.Pow(rope.Theta, -2.0 * k / headDim), ramp?[k] ?? 0))];
    }

    /// <summary>Of cos and sin.</summary>
    public static double Factor(RopeConfig rope)
    {
        if (rope.Type == "longrope") return rope.AttentionFactor ?? (rope.Factor <= 1 ? 1 : Math.Sqrt(1 + Math.Log(rope.Factor) / Math.Log(rope.OriginalMaxPositions)));
        if (rope.Type != "yarn") return 1;
        return rope.AttentionFactor ?? (rope.Mscale is { } m ? Grown(m.Own) / Grown(m.AllDims) : Grown(1));

        double Grown(double weight) => rope.Factor <= 1 ? 1 : 0.1 * weight * Math.Log(rope.Factor) + 1;
    }

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
        double first = Dimension(rope.BetaFast), last = Dimension(rope.BetaSlow);
        var low = Math.Max(rope.Truncate ? Math.Floor(first) : first, 0);
        var high = Math.Min(rope.Truncate ? Math.Ceiling(last) : last, headDim - 1);
        if (low == high) high += 0.001;
        return [.. Enumerable.Range(0, headDim / 2).Select(k => Math.Clamp((k - low) / (high - low), 0, 1))];

        double Dimension(double turns) => headDim * Math.Log(rope.OriginalMaxPositions / (turns * 2 * Math.PI)) / (2 * Math.Log(rope.Theta));
    }
}
