using System.Collections.Immutable;
using static TorchSharp.torch;

namespace AlignGuard.Models.Safetensors;

/// <summary>What the header says of one tensor.</summary>
/// <param name="Offset">First byte, from the beginning of the file.</param>
/// <param name="ByteLength">shape × size of the dtype.</param>
public sealed record TensorInfo(string Name, ScalarType Dtype, ImmutableArray<long> Shape, long Offset, long ByteLength)
{
    /// <summary>Number of elements; 1 for a scalar.</summary>
    public long Count => Shape.Aggregate(1L, (product, d) => product * d);
}
