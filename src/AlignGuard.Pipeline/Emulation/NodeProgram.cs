using System.ComponentModel;
using System.Diagnostics;
using AlignGuard.Models;

namespace AlignGuard.Pipeline.Emulation;

/// <summary>Runs <c>node</c> and <c>npm</c>, from the PATH, to their end.</summary>
internal static class NodeProgram
{
    /// <summary>The pinned emulator asks for 22 and is known to work on this.</summary>
    private const int OldestNode = 20;

    private const string Remedy = "Install Node 20 or newer from https://nodejs.org (npm comes with it), so that `node --version` works in this shell.";

    /// <exception cref="UserFaultException">It is absent or too old.</exception>
    public static async Task CheckAsync(CancellationToken cancellation)
    {
        var (_, said) = await RunAsync("node", ["--version"], null, cancellation);
        var version = said.Trim();
        if (!int.TryParse(version.TrimStart('v').Split('.')[0], out var major) || major < OldestNode)
            throw new UserFaultException([$"Node is {version}: too old for the storage emulator. {Remedy}"]);
    }

    /// <returns>Exit code, and what it said on both outputs.</returns>
    /// <exception cref="UserFaultException">There is no such program.</exception>
    public static async Task<(int ExitCode, string Said)> RunAsync(string program, string[] arguments, string? folder, CancellationToken cancellation)
    {
        using var process = Start(program, arguments, folder);
        try
        {
            var said = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(cancellation), process.StandardError.ReadToEndAsync(cancellation));
            await process.WaitForExitAsync(cancellation);
            return (process.ExitCode, string.Concat(said));
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>Both outputs are to be read by the caller.</summary>
    /// <exception cref="UserFaultException">There is no such program.</exception>
    public static Process Start(string program, IEnumerable<string> arguments, string? folder = null)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder ?? "" };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new UserFaultException([$"The storage emulator needs {program}, which cannot be started ({e.Message}). {Remedy}"], e);
        }
    }
}
