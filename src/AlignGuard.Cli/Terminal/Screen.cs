using Spectre.Console;

namespace AlignGuard.Cli.Terminal;

/// <summary>Progress, colour and complaints go to standard error; standard output is for results.</summary>
internal static class Screen
{
    public static IAnsiConsole Error { get; } = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
    public static IAnsiConsole Out { get; } = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });

    /// <summary>True where a person watches.</summary>
    public static bool Live => !Console.IsErrorRedirected && Error.Profile.Capabilities.Interactive;

    public static void Say(string message) => Console.Error.WriteLine(message);
}
