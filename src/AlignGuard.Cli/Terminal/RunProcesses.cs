using System.Diagnostics;
using AlignGuard.Cli.Commands;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Cli.Terminal;

/// <summary>
/// Runs in processes of their own. Runs side by side in one process share a collector, and the native library's wrappers are not safe from a collection that another thread
/// starts while a call is under way: rarely, a number is freed before it is read (ADR 6).
/// </summary>
/// <param name="address">Of the store, as the user named it.</param>
internal sealed class RunProcesses(string address, IArtifactStore store) : IRunHost
{
    /// <summary>Set for a child: it stops when its standard input ends, be it that its parent asks or that it is gone.</summary>
    public const string ChildVariable = "ALIGNGUARD_CHILD";

    // Ended by a signal (139: a fault in native code): its last commit is there, and the same command goes on from it.
    private const int FirstSignal = 128;
    private const int MostRestarts = 3;

    public async Task WorkAsync(Job job, RunGoal goal, bool wait, Action<string> says, CancellationToken stop)
    {
        await AskedRun.WriteAsync(store, job, stop);
        List<string> arguments = ["work", job.RunId, "--store", address];
        if (goal == RunGoal.Prepared) arguments.Add(WorkCommand.Prepare);
        if (!wait) arguments.Add(WorkCommand.NoWait);
        for (var restarts = 0; ; restarts++)
        {
            var (code, output) = await OnceAsync(arguments, says, stop);
            if (code is ExitCode.Done or ExitCode.Rejected or ExitCode.Stopped) return;
            if (ChildFault.Read(output) is { } fault) throw fault.ToException();
            if (code < FirstSignal || restarts == MostRestarts) throw new RunBrokeOffException($"The process that worked on run {job.RunId} ended with exit code {code}; it goes on from its last commit the next time.");
            if (stop.IsCancellationRequested) return;
        }
    }

    private static async Task<(int Code, string Output)> OnceAsync(IReadOnlyList<string> arguments, Action<string> says, CancellationToken stop)
    {
        var program = Environment.ProcessPath!;
        var start = new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(program) == "dotnet") start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "alignguard.dll"));
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        start.Environment[ChildVariable] = "1";
        using var process = Process.Start(start)!;
        using var asked = stop.Register(process.StandardInput.Close);
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        while (await process.StandardError.ReadLineAsync(CancellationToken.None) is { } line) says(line);
        await process.WaitForExitAsync(CancellationToken.None);
        return (process.ExitCode, await output);
    }
}
