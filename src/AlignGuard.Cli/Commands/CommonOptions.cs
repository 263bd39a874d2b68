using System.CommandLine;
using AlignGuard.Models.Numerics;

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

    /// <summary>Read once, in the program's entry; processes that are started for runs inherit it.</summary>
    public static Option<string?> Device { get; } = new("--device") { Description = $"Where to compute: auto (a GPU where there is one), cpu, cuda or cuda:N. {ComputeDevice.Variable} names another default than auto." };

    public static Option<bool> Json { get; } = new("--json") { Description = "Print one JSON document on standard output, nothing else." };

    public static Option<string[]> Set { get; } = new("--set")
    {
        Description = "key.path=value, overrides the job file. May be given several times.",
        DefaultValueFactory = _ => [],
    };
}
