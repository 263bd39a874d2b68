using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.EncoderDecoders;

/// <summary>
/// T5's buckets of distances (Raffel et al. 2020, section 2.1): half of them single distances, the rest ever wider by the logarithm up to the largest distance, beyond which all share the last. An encoder
/// has a half for each direction.
/// </summary>
internal static class RelativeBuckets
{
    /// <param name="distances">key − query, of whole numbers.</param>
    /// <returns>Of the same shape, 0 to <paramref name="buckets"/> − 1.</returns>
    public static Tensor Of(Tensor distances, bool bothWays, int buckets, int maxDistance)
    {
        using var scope = NewDisposeScope();
        var offset = zeros_like(distances);
        Tensor away;
        if (bothWays)
        {
            buckets /= 2;
            offset = (distances > 0).to(ScalarType.Int64) * buckets;
            away = distances.abs();
        }
        else
        {
            away = distances.neg().clamp_min(0);
        }
        var single = buckets / 2;
        // In float32, as where the checkpoints were trained: at a border the rounding decides.
        var wide = ((away.to(ScalarType.Float32).clamp_min(1) / single).log() / Math.Log(maxDistance / (double)single) * (buckets - single)).to(ScalarType.Int64) + single;
        return (offset + where(away < single, away, wide.clamp_max(buckets - 1))).MoveToOuterDisposeScope();
    }
}
