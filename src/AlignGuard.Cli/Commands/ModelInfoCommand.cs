using System.CommandLine;
using System.Text.Json;
using AlignGuard.Cli.Terminal;
using AlignGuard.Models;
using AlignGuard.Pipeline.Verification;
using Spectre.Console;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard model info MODEL</c>: what a model folder holds; config.json alone will do.</summary>
internal static class ModelInfoCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("folder") { Description = "Checkpoint in Hugging Face layout; its config.json at least." };
        var command = new Command("info", "Shows architecture, parameters, dtype, files, vocabulary and whether there is a chat template.") { folder, CommonOptions.Json };
        command.SetAction(result => Guarded.RunAsync(() => Task.FromResult(Run(result.GetRequiredValue(folder), result.GetValue(CommonOptions.Json)))));
        return command;
    }

    private static int Run(string folder, bool json)
    {
        if (!Directory.Exists(folder)) throw new UserFaultException($"There is no folder {folder}. Give a Hugging Face checkpoint's, or one with its config.json.");
        var model = ModelFolder.Read(folder);
        var s = model.Shape;
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                architecture = model.Architecture, parameters = model.Parameters, storedParameters = model.StoredParameters, dtype = model.Dtype, vocabulary = s.Vocab, hidden = s.Hidden,
                intermediate = s.Intermediate, layers = s.Layers, heads = s.Heads, keyValueHeads = s.KvHeads, headDim = s.HeadDim, positions = model.MaxPositions == int.MaxValue ? (int?)null : model.MaxPositions, tiedHead = s.Tied,
                chatTemplate = model.ChatTemplate, repository = model.Revision?.Repository, revision = model.Revision?.Commit, notes = model.Notes, files = model.Files.Select(f => new { name = f.Name, bytes = f.Bytes }),
            }, new JsonSerializerOptions { WriteIndented = true }));
            return ExitCode.Done;
        }
        var table = new Table().HideHeaders().AddColumns("", "");
        Row("architecture", model.Architecture);
        Row("parameters", $"{model.Parameters:N0}{(model.StoredParameters is { } stored && stored != model.Parameters ? $" by config.json; the files hold {stored:N0}" : "")}");
        Row("dtype", model.Dtype ?? "not said");
        Row("vocabulary", $"{s.Vocab:N0}");
        Row("shape", $"{s.Layers} layers, hidden {s.Hidden:N0}, MLP {s.Intermediate:N0}, {s.Heads} heads of {s.HeadDim}, {s.KvHeads} for keys and values, {(s.Tied ? "tied head" : "own head")}");
        Row("positions", model.MaxPositions == int.MaxValue ? "any" : $"{model.MaxPositions:N0}");
        Row("chat template", model.ChatTemplate ?? "none");
        Row("revision", model.Revision?.ToString() ?? "not noted");
        foreach (var note in model.Notes) Row("note", note);
        foreach (var (name, bytes) in model.Files) Row(name, Sizes.Text(bytes));
        Screen.Out.Write(table);
        return ExitCode.Done;

        void Row(string name, string value) => table.AddRow(name.EscapeMarkup(), value.EscapeMarkup());
    }
}
