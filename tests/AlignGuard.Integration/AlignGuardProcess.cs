using System.Diagnostics;

namespace AlignGuard.Integration;

/// <summary>The real program in a real process.</summary>
internal sealed class AlignGuardProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _output, _error;

    private AlignGuardProcess(Process process)
    {
        _process = process;
        _output = process.StandardOutput.ReadToEndAsync();
        _error = process.StandardError.ReadToEndAsync();
    }

    public static AlignGuardProcess Start(IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string? folder = null, string? program = null)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder ?? Path.GetTempPath() };
        start.ArgumentList.Add(program ?? Path.Combine(AppContext.BaseDirectory, "alignguard.dll"));
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        return new AlignGuardProcess(Process.Start(start)!);
    }

    public static async Task<Ended> RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        return await process.EndAsync();
    }

    /// <summary>On a disk that takes no more than so many KiB in one file: the nearest thing to a full one that needs no rights.</summary>
    public static async Task<Ended> RunOnFullDiskAsync(int kibibytes, string[] arguments)
    {
        var start = new ProcessStartInfo("bash") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetTempPath() };
        foreach (var argument in new[] { "-c", $"trap '' XFSZ; ulimit -f {kibibytes}; exec dotnet \"$@\"", "bash", Path.Combine(AppContext.BaseDirectory, "alignguard.dll") }) start.ArgumentList.Add(argument);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        // Both would write files larger than that of their own.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        using var process = new AlignGuardProcess(Process.Start(start)!);
        return await process.EndAsync();
    }

    public int Id => _process.Id;

    /// <summary>Starts a run again and again and kills it at random moments, ever later, so that it ends in time on a slow machine too; at least twice.</summary>
    /// <param name="shortest">Milliseconds that the first attempts have at least.</param>
    /// <param name="longest">And at most.</param>
    public static async Task KillAtRandomAsync(Func<AlignGuardProcess> start, int shortest, int longest)
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var kills = 0; ; kills++)
        {
            Xunit.Assert.True(kills < 60, $"never finished; seed {seed}");
            using var process = start();
            if (await process.EndsWithinAsync(TimeSpan.FromMilliseconds(kills < 2 ? shortest : random.Next(shortest, longest) + kills * 300)))
            {
                var ended = await process.EndAsync();
                Xunit.Assert.True(ended.ExitCode is 0 or 3, $"seed {seed}: {ended.Error}");
                Xunit.Assert.True(kills >= 2, $"only {kills} kills; seed {seed}");
                return;
            }
            process.Kill();
            await process.EndAsync();
        }
    }

    /// <summary>As the operating system does to a preempted machine's processes: no handler runs.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Waits for something that the process brings about; fails if it ends before, or takes minutes.</summary>
    public Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    public async Task UntilAsync(Func<Task<bool>> condition)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            if (_process.HasExited) throw new Xunit.Sdk.XunitException($"ended with {_process.ExitCode} before what was waited for: {await _error}");
            Xunit.Assert.True(watch.Elapsed < TimeSpan.FromMinutes(3), "what was waited for did not come");
            await Task.Delay(50);
        }
    }

    /// <summary>As a machine that is taken away tells its processes.</summary>
    public async Task TerminateAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
        await kill.WaitForExitAsync();
    }

    public async Task<bool> EndsWithinAsync(TimeSpan time)
    {
        using var timeout = new CancellationTokenSource(time);
        try
        {
            await _process.WaitForExitAsync(timeout.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    public async Task<Ended> EndAsync()
    {
        await _process.WaitForExitAsync();
        return new Ended(_process.ExitCode, await _output, await _error);
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }
}

internal sealed record Ended(int ExitCode, string Output, string Error);
