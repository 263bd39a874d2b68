using System.CommandLine;
using AlignGuard.Cli.Terminal;
using AlignGuard.Models.Llama2c;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard model import FILE --tokenizer FILE --out DIR</c>: a checkpoint of llama2.c as a Hugging Face folder.</summary>
internal static class ModelImportCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("file") { Description = "Checkpoint of llama2.c (float32, version 0), such as stories15M.bin." };
        var tokenizer = new Option<string>("--tokenizer") { Description = "Its tokenizer, such as tokenizer.bin.", Required = true };
        var output = new Option<string>("--out") { Description = "Folder to make; one that holds something is left alone.", Required = true };
        var command = new Command("import", "Turns a checkpoint of llama2.c into a Hugging Face folder (config.json, model.safetensors, tokenizer.json). It has no chat template: add one before you fine-tune.") { file, tokenizer, output, CommonOptions.Json };
        command.SetAction(result => Guarded.RunAsync(() => Task.FromResult(Run(result.GetRequiredValue(file), result.GetRequiredValue(tokenizer), result.GetRequiredValue(output), result.GetValue(CommonOptions.Json)))));
        return command;
    }

    private static int Run(string file, string tokenizer, string folder, bool json)
    {
        var parameters = Llama2cImport.Run(file, tokenizer, folder);
        if (json) Screen.Json(new { folder, parameters });
        else Console.WriteLine($"{folder}: {parameters:N0} parameters. `alignguard model info {folder}` shows the rest.");
        return ExitCode.Done;
    }
}
