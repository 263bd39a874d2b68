using System.Diagnostics;
using System.Runtime.InteropServices;
using AlignGuard.Pipeline.Cloud;
using TorchSharp;

namespace AlignGuard.GpuWorker;

/// <summary>Looks at the machine; what that means is for <see cref="Preflight"/> to say.</summary>
internal static partial class Machine
{
    private static readonly TimeSpan DriverAnswers = TimeSpan.FromSeconds(20);

    /// <summary>Before the tensor library is loaded: its waiting threads sleep instead of spinning. .NET keeps its own copy of the environment; native libraries see only what setenv writes.</summary>
    public static void Prepare() => _ = SetEnv("OMP_WAIT_POLICY", "PASSIVE", 0);

    public static async Task<Preflight> LookAsync(string wanted) => Preflight.Judge(wanted, wanted == "cuda" ? await DriverAsync() : null, wanted == "cuda" ? Library() : null);

    /// <summary>Null = there is no driver, or it does not answer.</summary>
    private static async Task<string?> DriverAsync()
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("nvidia-smi", Preflight.Query) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            using var enough = new CancellationTokenSource(DriverAnswers);
            var printed = await process.StandardOutput.ReadToEndAsync(enough.Token);
            await process.WaitForExitAsync(enough.Token);
            return process.ExitCode == 0 ? printed : null;
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>Null = the build without CUDA, or a library that cannot be loaded.</summary>
    private static bool? Library()
    {
        try
        {
            return torch.TryInitializeDeviceType(DeviceType.CUDA) ? torch.cuda_is_available() : null;
        }
        catch (Exception e) when (e is ExternalException or DllNotFoundException or TypeInitializationException or NotSupportedException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnv(string name, string value, int overwrite);
}
