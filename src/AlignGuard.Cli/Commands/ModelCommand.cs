using System.CommandLine;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard model</c>: look at a checkpoint, bring one of another layout in, verify it against a reference, say what a job on it takes, see and change what is published, train the bundled one.</summary>
internal static class ModelCommand
{
    public static Command Create() => new("model", "Works with model folders and published adapters.")
    {
        ModelInfoCommand.Create(), ModelImportCommand.Create(), ModelEstimateCommand.Create(), ModelVerifyCommand.Create(), ModelTrainDemoCommand.Create(), PublishedCommands.Published(), PublishedCommands.Rollback(),
    };
}
