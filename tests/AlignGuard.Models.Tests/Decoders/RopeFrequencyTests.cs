using AlignGuard.Models.Decoders;
using Xunit;

namespace AlignGuard.Models.Tests.Decoders;

/// <summary>Frequencies of each kind of rotation against the definitions of the papers, written down a second time and plainly.</summary>
public sealed class RopeFrequencyTests : IDisposable
{
    private const int HeadDim = 32, Positions = 512;
    private const double Theta = 10000;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>RoFormer (arXiv 2104.09864): θ_k = base^(−2k/d).</summary>
    private static double Plain(int k) => 1 / Math.Pow(Theta, 2.0 * k / HeadDim);

    [Fact]
    public void Plain_ones_fall_geometrically() => Close(k => Plain(k), 1, "{}", "default");

    /// <summary>Position interpolation (arXiv 2306.15595): every position is divided by the factor.</summary>
    [Fact]
    public void Linear_divides_positions() => Close(k => Plain(k) / 3, 1, """{ "rope_type": "linear", "factor": 3 }""", "linear");

    /// <summary>NTK by length: base · (s·L/M − (s − 1))^(d/(d−2)) for a text of L tokens, L at least the model's M positions.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(Positions)]
    [InlineData(Positions + 1)]
    [InlineData(3 * Positions)]
    public void Dynamic_slows_with_the_length_beyond_the_model_s_positions(int length)
    {
        const double s = 4;
        var grown = Theta * Math.Pow(s * Math.Max(length, Positions) / Positions - (s - 1), HeadDim / (HeadDim - 2.0));
        var found = RopeFrequencies.Of(new RopeConfig { Type = "dynamic", Theta = Theta, Factor = s, OriginalMaxPositions = Positions }, HeadDim, length);
        for (var k = 0; k < HeadDim / 2; k++) Assert.Equal(1 / Math.Pow(grown, 2.0 * k / HeadDim), found[k], 1e-6);
    }

    /// <summary>Llama 3.1: wavelengths beyond original/low are stretched, those below original/high kept, the band between interpolated linearly in original/wavelength.</summary>
    [Fact]
    public void Llama3_stretches_long_waves()
    {
        const double factor = 8, low = 1, high = 4, original = 64;
        Close(k =>
        {
            var wavelength = 2 * Math.PI / Plain(k);
            var share = Math.Min(1, Math.Max(0, (original / wavelength - low) / (high - low)));
            return Plain(k) * (share + (1 - share) / factor);
        }, 1, """{ "rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 64 }""", "llama3");
    }

    public static TheoryData<string, double, double, double, double, bool, double> Yarns => new()
    {
        // keys, factor, original length, beta fast, beta slow, rounded bounds, factor of cos and sin
        { """ "factor": 4, "original_max_position_embeddings": 128 """, 4, 128, 32, 1, true, 0.1 * Math.Log(4) + 1 },
        // The factor left out is the quotient of the lengths.
        { """ "original_max_position_embeddings": 64 """, 8, 64, 32, 1, true, 0.1 * Math.Log(8) + 1 },
        // The original length left out is the model's own.
        { """ "factor": 4 """, 4, 512, 32, 1, true, 0.1 * Math.Log(4) + 1 },
        { """ "factor": 4, "original_max_position_embeddings": 128, "beta_fast": 16, "beta_slow": 2 """, 4, 128, 16, 2, true, 0.1 * Math.Log(4) + 1 },
        { """ "factor": 4, "original_max_position_embeddings": 128, "beta_fast": 0, "beta_slow": 0 """, 4, 128, 32, 1, true, 0.1 * Math.Log(4) + 1 },
        { """ "factor": 4, "original_max_position_embeddings": 128, "truncate": false """, 4, 128, 32, 1, false, 0.1 * Math.Log(4) + 1 },
        { """ "factor": 4, "original_max_position_embeddings": 128, "attention_factor": 0.7, "mscale": 2, "mscale_all_dim": 1 """, 4, 128, 32, 1, true, 0.7 },
        { """ "factor": 4, "original_max_position_embeddings": 128, "mscale": 2, "mscale_all_dim": 0.5 """, 4, 128, 32, 1, true, (0.2 * Math.Log(4) + 1) / (0.05 * Math.Log(4) + 1) },
        // Alone neither counts.
        { """ "factor": 4, "original_max_position_embeddings": 128, "mscale": 2 """, 4, 128, 32, 1, true, 0.1 * Math.Log(4) + 1 },
        { """ "factor": 4, "original_max_position_embeddings": 128, "mscale": 2, "mscale_all_dim": 0 """, 4, 128, 32, 1, true, 0.1 * Math.Log(4) + 1 },
        // What does not stretch is not scaled.
        { """ "factor": 1, "original_max_position_embeddings": 512 """, 1, 512, 32, 1, true, 1 },
    };

    /// <summary>
    /// YaRN (arXiv 2309.00071, section 3.2): dimension k turns original·θ_k/2π times in the original length. The dimension that turns β times is d·ln(original/(2πβ)) / (2·ln base); up to that of β fast
    /// frequencies are kept, from that of β slow on divided by the factor, and blended between; bounds are rounded outwards unless truncate is false.
    /// </summary>
    [Theory]
    [MemberData(nameof(Yarns))]
    public void Yarn_stretches_what_turns_slowly(string keys, double factor, double original, double fast, double slow, bool rounded, double scale)
    {
        double from = Bound(fast), to = Bound(slow);
        if (rounded) (from, to) = (Math.Floor(from), Math.Ceiling(to));
        (from, to) = (Math.Max(from, 0), Math.Min(to, HeadDim - 1));
        // The case must have dimensions of all kinds, or it would check nothing.
        Assert.True(to > from && to < HeadDim / 2.0);
        Close(k =>
        {
            var stretched = k <= from ? 0 : k >= to ? 1 : (k - from) / (to - from);
            return (1 - stretched) * Plain(k) + stretched * Plain(k) / factor;
        }, scale, "{ \"rope_type\": \"yarn\"," + keys + "}", "yarn");

        double Bound(double turns) => HeadDim * Math.Log(original / (2 * Math.PI * turns)) / (2 * Math.Log(Theta));
    }

    public static TheoryData<string, string, double> Longs => new()
    {
        // keys of the section, keys beside it, factor of cos and sin
        { """ "factor": 8, "original_max_position_embeddings": 64 """, "", Math.Sqrt(1 + Math.Log(8) / Math.Log(64)) },
        // The factor left out is the quotient of the lengths, of which 4.x has the first beside the section.
        { """ "factor": null """, "\"original_max_position_embeddings\": 64,", Math.Sqrt(1 + Math.Log(8) / Math.Log(64)) },
        { """ "factor": 2 """, "", Math.Sqrt(1 + Math.Log(2) / Math.Log(512)) },
        { """ "factor": 1 """, "", 1 },
        { """ "original_max_position_embeddings": 64, "attention_factor": 1.25 """, "", 1.25 },
    };

    /// <summary>LongRoPE (arXiv 2402.13753): θ_k / λ_k, with one list of λ up to the original length and another beyond it; cos and sin times √(1 + ln s / ln L).</summary>
    [Theory]
    [MemberData(nameof(Longs))]
    public void Longrope_divides_each_pair_by_its_own_number(string keys, string beside, double scale)
    {
        var (near, far) = (Enumerable.Range(0, HeadDim / 2).Select(k => 1 + k / 16.0).ToList(), Enumerable.Range(0, HeadDim / 2).Select(k => 2 + k / 4.0).ToList());
        var rope = Load(FormattableString.Invariant($$"""{{beside}} "rope_scaling": { "rope_type": "longrope", "short_factor": [{{string.Join(", ", near)}}], "long_factor": [{{string.Join(", ", far)}}], {{keys}} }""")).Rope;
        Assert.Equal(scale, RopeFrequencies.Factor(rope), 9);
        foreach (var (length, factors) in new[] { (0, near), (rope.OriginalMaxPositions, near), (rope.OriginalMaxPositions + 1, far) })
        {
            var found = RopeFrequencies.Of(rope, HeadDim, length);
            for (var k = 0; k < HeadDim / 2; k++) Assert.True(Math.Abs(found[k] / (Plain(k) / factors[k]) - 1) < 1e-6, $"{length}: {k}");
        }
    }

    [Fact]
    public void Both_layouts_and_the_old_key_say_the_same()
    {
        var four = Load("\"rope_theta\": 500, \"rope_scaling\": { \"type\": \"linear\", \"factor\": 3 }").Rope;
        Assert.Equal(four, Load("\"rope_parameters\": { \"rope_type\": \"linear\", \"factor\": 3, \"rope_theta\": 500 }").Rope);
        Assert.Equal((500, 3, "linear"), (four.Theta, four.Factor, four.Type));
    }

    private void Close(Func<int, double> expected, double scale, string scaling, string type)
    {
        var rope = Load($"\"rope_scaling\": {scaling}").Rope;
        Assert.Equal(type, rope.Type);
        var actual = RopeFrequencies.Of(rope, HeadDim);
        Assert.Equal(HeadDim / 2, actual.Length);
        for (var k = 0; k < actual.Length; k++) Assert.True(Math.Abs(actual[k] / expected(k) - 1) < 1e-5, $"{scaling}: {k}: {actual[k]} in place of {expected(k)}");
        Assert.Equal(scale, RopeFrequencies.Factor(rope), 9);
    }

    private DecoderConfig Load(string keys) => ModelConfigFile.Load(_folder.Write("config.json",
        $$"""{ "model_type": "llama", "vocab_size": 64, "hidden_size": 128, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 4, "max_position_embeddings": {{Positions}}, {{keys}} }"""));
}
