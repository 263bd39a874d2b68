using System.CommandLine;
using Command = System.CommandLine.Command;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard driftcheck</c>: the instrument by itself, without a run.</summary>
internal static class DriftCheckCommand
{
    public static Command Create() => new("driftcheck", "Builds benchmarks, lists judges, measures what a model refuses and answers, and compares two measurements prompt by prompt.") { DriftBuildCommand.Create(), DriftRunCommand.Create(), DriftCompareCommand.Create(), DriftJudgesCommand.Create() };
}
