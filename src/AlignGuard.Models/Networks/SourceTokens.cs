using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Networks;

/// <summary>What an encoder reads: rows padded on the right. Owns its tensors.</summary>
/// <param name="Ids">[N, S].</param>
/// <param name="Mask">[N, S]: 1 for tokens, 0 for padding.</param>
public sealed record SourceTokens(Tensor Ids, Tensor Mask) : IDisposable
{
    /// <param name="maxLength">Longer rows are cut on the right.</param>
    public static SourceTokens Pack(IReadOnlyList<int[]> rows, int padId, int maxLength, Device device)
    {
        var length = Math.Min(maxLength, rows.Max(r => r.Length));
        var (ids, mask) = (new long[rows.Count * length], new long[rows.Count * length]);
        Array.Fill(ids, padId);
        for (var n = 0; n < rows.Count; n++)
        {
            for (var t = 0; t < Math.Min(length, rows[n].Length); t++) (ids[n * length + t], mask[n * length + t]) = (rows[n][t], 1);
        }
        using var scope = NewDisposeScope();
        return new SourceTokens(Ship(ids), Ship(mask));

        Tensor Ship(long[] values) => tensor(values, device: device).view(rows.Count, length).DetachFromDisposeScope();
    }

    public void Dispose()
    {
        Ids.Dispose();
        Mask.Dispose();
    }
}
