using System.Globalization;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Numerics;

/// <summary>Where a process computes: the processor, or an NVIDIA GPU in a build for it (<c>-p:Torch=cuda</c>).</summary>
public static class ComputeDevice
{
    /// <summary>Environment variable: <c>auto</c> (default), <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    public const string Variable = "ALIGNGUARD_DEVICE";

    /// <summary>What <see cref="Variable"/> asks for.</summary>
    /// <exception cref="UserFaultException">It is no device, or there is none of the kind.</exception>
    public static Device FromEnvironment() => Open(Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } wanted ? wanted : "auto");

    /// <param name="wanted"><c>auto</c>: a GPU where build and driver have one, otherwise the processor.</param>
    /// <exception cref="UserFaultException">It is no device, or there is none of the kind.</exception>
    public static Device Open(string wanted) => wanted switch
    {
        "cpu" => CPU,
        "auto" => GpuCount() > 0 ? Cuda(0) : CPU,
        "cuda" => Gpu(0),
        _ when wanted.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(wanted.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var index) => Gpu(index),
        _ => throw new UserFaultException([$"The device '{wanted}' is not known. Write auto, cpu, cuda or cuda:N (--device, or {Variable})."]),
    };

    private static Device Gpu(int index) => GpuCount() switch
    {
        null => throw new UserFaultException(["This build computes on the processor only. Build it with -p:Torch=cuda for a GPU, or choose --device cpu."]),
        0 => throw new UserFaultException(["There is no GPU that this program can use: no NVIDIA driver answers, or it is too old for this CUDA (nvidia-smi tells). Choose --device cpu, or mend the driver."]),
        var count when index >= count => throw new UserFaultException([$"There is no device cuda:{index}: this machine has {count}, from cuda:0 on."]),
        _ => Cuda(index),
    };

    private static Device Cuda(int index) => new(DeviceType.CUDA, index);

    /// <summary>Null = a build without CUDA.</summary>
    private static int? GpuCount()
    {
        try
        {
            if (!TryInitializeDeviceType(DeviceType.CUDA)) return null;
            return cuda_is_available() ? cuda.device_count() : 0;
        }
        catch (Exception e) when (e is ExternalException or DllNotFoundException or TypeInitializationException or NotSupportedException)
        {
            return null;
        }
    }
}
