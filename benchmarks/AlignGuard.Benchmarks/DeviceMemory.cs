using System.Diagnostics;
using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Benchmarks;

/// <summary>
/// Memory in use while something runs, at its peak: of the GPU, as its driver says (the library's cache of freed blocks counts, and is never given back: stages are to run in rising order), or of this process.
/// </summary>
internal sealed class DeviceMemory(Device device) : IDisposable
{
    private readonly bool _gpu = device.type == DeviceType.CUDA;
    private Process? _sampler;
    private long _peak;

    /// <summary>Bytes in use now.</summary>
    public long Now()
    {
        if (_gpu) return Sample("");
        return Status("VmRSS");
    }

    /// <returns>Seconds, and bytes at the peak.</returns>
    public (double Seconds, long Peak) During(Action action)
    {
        Start();
        var watch = Stopwatch.StartNew();
        action();
        if (_gpu) cuda.synchronize();
        var seconds = watch.Elapsed.TotalSeconds;
        return (seconds, Stop());
    }

    public void Dispose() => _sampler?.Dispose();

    private void Start()
    {
        _peak = 0;
        if (!_gpu)
        {
            GC.Collect();
            File.WriteAllText("/proc/self/clear_refs", "5");
            return;
        }
        _sampler = Smi("-lms 50");
        _sampler.OutputDataReceived += (_, line) =>
        {
            if (long.TryParse(line.Data, NumberStyles.Integer, CultureInfo.InvariantCulture, out var mebibytes)) InterlockedMax(ref _peak, mebibytes << 20);
        };
        _sampler.BeginOutputReadLine();
    }

    private long Stop()
    {
        if (!_gpu) return Status("VmHWM");
        _sampler!.Kill();
        _sampler.WaitForExit();
        return Math.Max(_peak, Now());
    }

    private long Sample(string more)
    {
        using var smi = Smi(more);
        return long.Parse(smi.StandardOutput.ReadToEnd().Trim(), CultureInfo.InvariantCulture) << 20;
    }

    private Process Smi(string more) => Process.Start(new ProcessStartInfo("nvidia-smi", $"-i {Math.Max(device.index, 0)} --query-gpu=memory.used --format=csv,noheader,nounits {more}") { RedirectStandardOutput = true })
        ?? throw new InvalidOperationException("nvidia-smi did not start: it says what memory of the GPU is in use.");

    private static void InterlockedMax(ref long place, long value)
    {
        long seen;
        while ((seen = Interlocked.Read(ref place)) < value && Interlocked.CompareExchange(ref place, value, seen) != seen) ;
    }

    private static long Status(string key) =>
        1024 * long.Parse(File.ReadLines("/proc/self/status").Single(l => l.StartsWith(key + ":", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
}
