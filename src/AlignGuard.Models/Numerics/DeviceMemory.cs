using static TorchSharp.torch;

namespace AlignGuard.Models.Numerics;

/// <summary>Tells a device without room from other faults of the tensor library, which has one kind of exception for all.</summary>
public static class DeviceMemory
{
    // Of the CUDA allocator, of cuBLAS and cuDNN, and of the processor's allocator.
    private static readonly string[] Sentences = ["out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED", "can't allocate memory", "not enough memory"];

    public static bool IsExhausted(Exception e) =>
        e is OutOfMemoryException || (e is System.Runtime.InteropServices.ExternalException && Sentences.Any(s => e.Message.Contains(s, StringComparison.OrdinalIgnoreCase)));
}

/// <summary>A device has no room for the smallest piece of work.</summary>
public sealed class DeviceOutOfMemoryException(Device device, Exception inner)
    : UserFaultException([$"The device {device} has no room for a single row of a training step. Lower train.seqLen, set train.checkpointing: true or train.precision: bfloat16, or take a larger device: `alignguard model estimate` tells what fits."], inner);
