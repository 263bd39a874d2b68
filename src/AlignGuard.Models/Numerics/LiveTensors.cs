using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AlignGuard.Models.Numerics;

/// <summary>
/// Tensors of this process that nobody has disposed. TorchSharp's own count goes up by one for good with every <see cref="Parameter"/>: the constructor
/// takes its argument's handle, and neither side counts the argument as gone. So parameters are made here, and the count is put right.
/// </summary>
public static class LiveTensors
{
    private static long _emptied;

    public static long Count => Tensor.TotalCount - Interlocked.Read(ref _emptied);

    /// <summary>A parameter that takes over <paramref name="data"/> (which becomes empty) and belongs to no dispose scope.</summary>
    public static Parameter NewParameter(Tensor data)
    {
        var parameter = new Parameter(data, requires_grad: true);
        parameter.DetachFromDisposeScope();
        Interlocked.Increment(ref _emptied);
        return parameter;
    }
}
