using System.CommandLine;
using System.Text.Json;
using AlignGuard.Cli.Terminal;
using AlignGuard.Models.Numerics;
using AlignGuard.Pipeline.Verification;
using Spectre.Console;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard model verify DIR --reference FILE</c>: this runtime against a dump of Hugging Face transformers and peft.</summary>
internal static class ModelVerifyCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("folder") { Description = "Checkpoint in Hugging Face layout." };
        var reference = new Option<string>("--reference") { Description = "Dump made by the reference (safetensors).", Required = true };
        var adapter = new Option<string?>("--adapter") { Description = "PEFT adapter of the dump's lora.* entries. Default: adapter/ beside the dump, if there is one." };
        var command = new Command("verify", "Compares logits, losses, gradients, Fisher factors and generations with a reference dump.") { folder, reference, adapter, CommonOptions.Device, CommonOptions.Json };
        command.SetAction(result => Guarded.RunAsync(() => Task.FromResult(Run(
            result.GetRequiredValue(folder), result.GetRequiredValue(reference), result.GetValue(adapter), result.GetValue(CommonOptions.Json)))));
        return command;
    }

    private static int Run(string folder, string reference, string? adapter, bool json)
    {
        var beside = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(reference))!, "adapter");
        var comparisons = ReferenceCheck.Run(folder, reference, adapter ?? (Directory.Exists(beside) ? beside : null), ComputeDevice.FromEnvironment());
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                passed = comparisons.All(c => c.Passed),
                comparisons = comparisons.Select(c => new { name = c.Name, difference = double.IsFinite(c.Difference) ? c.Difference : (double?)null, allowed = c.Allowed, passed = c.Passed }),
            }, new JsonSerializerOptions { WriteIndented = true }));
        }
        else
        {
            var table = new Table().AddColumns("quantity", "largest difference", "allowed", "");
            foreach (var c in comparisons)
                table.AddRow(c.Name.EscapeMarkup(), c.Difference.ToString("g3"), c.Allowed.ToString("g3"), c.Passed ? "[green]ok[/]" : "[red]differs[/]");
            Screen.Out.Write(table);
            Console.WriteLine($"{comparisons.Count(c => c.Passed)} of {comparisons.Count} agree with the reference.");
        }
        return comparisons.All(c => c.Passed) ? ExitCode.Done : ExitCode.Rejected;
    }
}
