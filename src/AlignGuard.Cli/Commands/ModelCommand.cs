using System.CommandLine;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard model</c>: train the bundled model, verify a checkpoint against a reference.</summary>
internal static class ModelCommand
{
    public static Command Create() => new("model", "Works with model folders.") { ModelVerifyCommand.Create(), ModelTrainDemoCommand.Create() };
}
