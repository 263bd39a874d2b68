using System.CommandLine;
using System.Text.Json;
using AlignGuard.Cli.Terminal;
using AlignGuard.Domain.Spec;
using Spectre.Console;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard methods</c>: methods, projectors and every key of a job file with default and unit.</summary>
internal static class MethodsCommand
{
    private static readonly (string Name, string Text)[] Methods =
    [
        ("lora", "Plain LoRA: no guard. The baseline that every other method is measured against."),
        ("alignguard", "LoRA kept away from the weight directions that carry the refusals (AlignGuard-LoRA, arXiv 2508.02079), with periodic re-projection."),
    ];

    private static readonly (string Name, string Text)[] Projectors =
    [
        ("two-sided", "U (U'dW V) V': output directions that matter, on inputs that occur when the model refuses. Default."),
        ("left", "U U'dW: the paper's literal reading."),
        ("soft", "Two-sided with weights l/(l+l_m) in place of 0/1."),
        ("random", "The control: random bases of the same spectrum and rank."),
    ];

    public static Command Create()
    {
        var command = new Command("methods", "Lists methods, projectors and the keys of a job file.") { CommonOptions.Json };
        command.SetAction(result =>
        {
            if (result.GetValue(CommonOptions.Json))
            {
                Console.WriteLine(JsonSerializer.Serialize(new
                {
                    methods = Methods.Select(m => new { name = m.Name, text = m.Text }),
                    projectors = Projectors.Select(m => new { name = m.Name, text = m.Text }),
                    keys = JobFile.Describe().Select(k => new { path = k.Path, expects = k.Expects, @default = k.Default, required = k.Required, unit = k.Unit, text = k.Doc }),
                }, new JsonSerializerOptions { WriteIndented = true }));
                return ExitCode.Done;
            }
            Write("method", Methods);
            Write("guard.projector", Projectors);
            var table = new Table().AddColumns("key", "default", "expects", "meaning");
            foreach (var key in JobFile.Describe())
                table.AddRow(key.Path.EscapeMarkup(), (key.Required ? "(required)" : key.Default ?? "").EscapeMarkup(), key.Expects.EscapeMarkup(), (key.Unit.Length > 0 ? $"{key.Doc} [{key.Unit}]" : key.Doc).EscapeMarkup());
            Screen.Out.Write(table);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Write(string title, (string Name, string Text)[] rows)
    {
        var table = new Table().AddColumns(title, "what it does");
        foreach (var (name, text) in rows) table.AddRow(name, text.EscapeMarkup());
        Screen.Out.Write(table);
    }
}
