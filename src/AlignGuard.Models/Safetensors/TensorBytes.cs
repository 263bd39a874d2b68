using static TorchSharp.torch;

namespace AlignGuard.Models.Safetensors;

/// <summary>The memory of a contiguous CPU tensor, in spans: one span holds at most 2 GB, a tensor may be larger.</summary>
internal static class TensorBytes
{
    private const long ChunkBytes = 1L << 30;

    public delegate void Chunk(Span<byte> bytes, long offset);

    public static void ForEachChunk(Tensor tensor, Chunk visit, long chunkBytes = ChunkBytes)
    {
        var count = tensor.NumberOfElements;
        if (count == 0) return;
        var size = tensor.ElementSize;
        var step = chunkBytes / size;
        using var flat = tensor.view(-1);
        for (var at = 0L; at < count; at += step)
        {
            using var part = flat.narrow(0, at, Math.Min(step, count - at));
            visit(part.bytes, at * size);
        }
    }
}
