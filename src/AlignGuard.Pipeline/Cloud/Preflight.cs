using System.Globalization;

namespace AlignGuard.Pipeline.Cloud;

/// <summary>A GPU as its driver tells of it.</summary>
/// <param name="Driver">Version of the driver.</param>
/// <param name="FreeMiB">Memory that nobody uses, MiB.</param>
public sealed record GpuDevice(string Name, string Driver, double FreeMiB, double TotalMiB);

/// <summary>What a GPU worker finds out about its machine before it takes any work: device, driver and free memory.</summary>
/// <param name="Lines">For the log.</param>
/// <param name="Problem">Why it must not take work; null = it may.</param>
public sealed record Preflight(IReadOnlyList<string> Lines, string? Problem)
{
    /// <summary>The arguments by which <c>nvidia-smi</c> prints what <see cref="Devices"/> reads.</summary>
    public const string Query = "--query-gpu=name,driver_version,memory.free,memory.total --format=csv,noheader,nounits";

    // MiB. Less is what another process has left of it.
    private const double LeastFree = 4_096;

    /// <param name="wanted"><c>cuda</c> or <c>cpu</c>.</param>
    /// <param name="driver">What <c>nvidia-smi</c> printed; null = there is none, or it failed.</param>
    /// <param name="library">True where the tensor library sees a device; null = it could not be loaded, or is the build without CUDA.</param>
    public static Preflight Judge(string wanted, string? driver, bool? library)
    {
        if (wanted == "cpu") return new Preflight([$"Device: the processor, by {CloudSettings.DeviceVariable}=cpu. This is for rehearsals; large models do not fit."], null);
        var devices = driver is null ? [] : Devices(driver);
        string[] lines = [.. devices.Select(d => FormattableString.Invariant($"Device: {d.Name}, driver {d.Driver}, {d.FreeMiB:f0} of {d.TotalMiB:f0} MiB free."))];
        if (driver is null)
            return new Preflight(lines, $"CUDA is missing: there is no NVIDIA driver on this machine (nvidia-smi did not answer). Give the worker a GPU workload profile, or set {CloudSettings.DeviceVariable}=cpu for a rehearsal.");
        if (devices.Count == 0) return new Preflight(lines, "CUDA is missing: the driver is there and sees no device. Give the worker's container a GPU.");
        if (library is null) return new Preflight(lines, "CUDA is missing from this build: it has the tensor library for processors. Build the worker with -p:Torch=cuda.");
        if (library is false)
            return new Preflight(lines, $"CUDA cannot be used: the tensor library does not accept driver {devices[0].Driver} (it needs one for CUDA 12.8; minor versions of 12 are compatible from 525 on). Use an image whose CUDA the driver supports.");
        if (devices[0].FreeMiB < LeastFree)
            return new Preflight(lines, FormattableString.Invariant($"The device has {devices[0].FreeMiB:f0} MiB free; at least {LeastFree:f0} are needed. Something else uses it: give the worker a device of its own."));
        return new Preflight(lines, null);
    }

    /// <summary>The devices that <c>nvidia-smi</c> lists; lines that are no devices are passed over.</summary>
    public static IReadOnlyList<GpuDevice> Devices(string printed) => [.. printed.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Read).OfType<GpuDevice>()];

    private static GpuDevice? Read(string line) =>
        line.Split(',', StringSplitOptions.TrimEntries) is [var name, var driver, var free, var total]
        && double.TryParse(free, NumberStyles.Float, CultureInfo.InvariantCulture, out var f) && double.TryParse(total, NumberStyles.Float, CultureInfo.InvariantCulture, out var t) ? new GpuDevice(name, driver, f, t) : null;
}
