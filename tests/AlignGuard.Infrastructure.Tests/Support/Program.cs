using System.Diagnostics;

namespace AlignGuard.Infrastructure.Tests.Support;

/// <summary>What a program said and how it ended.</summary>
internal sealed record Outcome(int ExitCode, string Output, string Error);

/// <summary>Runs a program to its end.</summary>
internal static class Program
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    /// <param name="environment">Variables to set, or to take away (null), on top of this process's.</param>
    public static async Task<Outcome> RunAsync(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>()) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(Longest);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} has not ended after {Longest.TotalMinutes} minutes.");
        }
        return new Outcome(process.ExitCode, await output, await error);
    }
}
