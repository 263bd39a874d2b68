using System.Diagnostics;
using AlignGuard.Models;

namespace AlignGuard.Cli.Terminal;

/// <summary>
/// <c>alignguard run</c> in a process of its own. Runs side by side in one process share a collector, and the native library's wrappers are not safe from a collection that another thread
/// starts while a call is under way: rarely, a number is freed before it is read.
/// </summary>
internal static class RunProcess
{
    /// <summary>Set for a child: it stops when its standard input ends, be it that its parent asks or that it is gone.</summary>
    public const string ChildVariable = "ALIGNGUARD_CHILD";

    // Ended by a signal (139: a fault in native code): its last commit is there, and the same command goes on from it.
    private const int FirstSignal = 128;
    private const int MostRestarts = 3;
    private const int LinesTold = 5;

    /// <param name="says">Sees the lines that it prints for people.</param>
    /// <returns>Its exit code, which is one of a run that finished or was stopped.</returns>
    /// <exception cref="UserFaultException">It failed; its last lines say why.</exception>
    public static async Task<int> RunAsync(string job, string store, IEnumerable<string> overrides, Action<string> says, CancellationToken stop)
    {
        string[] arguments = ["run", job, "--store", store, .. overrides.SelectMany(o => new[] { "--set", o })];
        for (var restarts = 0; ; restarts++)
        {
            var (code, lines) = await OnceAsync(arguments, says, stop);
            if (code is ExitCode.Done or ExitCode.Rejected or ExitCode.Stopped) return code;
            if (code >= FirstSignal && restarts < MostRestarts && !stop.IsCancellationRequested) continue;
            throw new UserFaultException(lines.Count == 0 ? [$"`alignguard {string.Join(' ', arguments)}` ended with exit code {code}."] : [.. lines]);
        }
    }

    private static async Task<(int Code, IReadOnlyCollection<string> Lines)> OnceAsync(string[] arguments, Action<string> says, CancellationToken stop)
    {
        var program = Environment.ProcessPath!;
        var start = new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(program) == "dotnet") start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "alignguard.dll"));
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        start.Environment[ChildVariable] = "1";
        using var process = Process.Start(start)!;
        using var asked = stop.Register(process.StandardInput.Close);
        var ignored = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var last = new Queue<string>();
        while (await process.StandardError.ReadLineAsync(CancellationToken.None) is { } line)
        {
            if (last.Count == LinesTold) last.Dequeue();
            last.Enqueue(line);
            says(line);
        }
        await process.WaitForExitAsync(CancellationToken.None);
        await ignored;
        return (process.ExitCode, last);
    }
}
