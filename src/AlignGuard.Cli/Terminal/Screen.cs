using System.Text.Json;
using Spectre.Console;

namespace AlignGuard.Cli.Terminal;

/// <summary>Progress, colour and complaints go to standard error; standard output is for results.</summary>
internal static class Screen
{
    public static IAnsiConsole Error { get; } = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
    public static IAnsiConsole Out { get; } = Wide(AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) }));

    /// <summary>True where a person watches.</summary>
    public static bool Live => !Console.IsErrorRedirected && Error.Profile.Capabilities.Interactive;

    /// <summary>A pipe or a file has no width: tables are not squeezed into 80 columns there.</summary>
    private static IAnsiConsole Wide(IAnsiConsole console)
    {
        if (Console.IsOutputRedirected) console.Profile.Width = 160;
        return console;
    }

    /// <summary>The one JSON document of a command.</summary>
    public static void Json(object document) => Console.WriteLine(JsonSerializer.Serialize(document, Indented));

    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static void Say(string message) => Console.Error.WriteLine(message);
}
