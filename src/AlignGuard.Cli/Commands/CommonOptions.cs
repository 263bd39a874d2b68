using System.CommandLine;

namespace AlignGuard.Cli.Commands;

/// <summary>Options that several commands share.</summary>
internal static class CommonOptions
{
    public static Option<string> Store(string fallback) => new("--store")
    {
        Description = "Where runs, adapters and measurements are: a folder, or store://ACCOUNT/CONTAINER[/PREFIX] (account azurite: the local emulator).",
        DefaultValueFactory = _ => fallback,
    };

    public static Argument<string> Run() => new("run") { Description = "Run id, as `alignguard status` lists it." };

    public static Option<bool> Json { get; } = new("--json") { Description = "Print one JSON document on standard output, nothing else." };

    public static Option<string[]> Set { get; } = new("--set")
    {
        Description = "key.path=value, overrides the job file. May be given several times.",
        DefaultValueFactory = _ => [],
    };
}
