using System.CommandLine;
using AlignGuard.Cli.Terminal;
using AlignGuard.Domain.Spec;
using AlignGuard.Models;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Networks;
using AlignGuard.Models.Tokenizers;
using AlignGuard.Pipeline.Data;
using Spectre.Console;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard data inspect FILE --model DIR</c>: rows as the model sees them; <c>data validate FILE... [--model DIR]</c>: every row that cannot be used.</summary>
internal static class DataCommand
{
    private static readonly Option<string> Format = new("--format") { Description = $"{string.Join(", ", Enum.GetValues<RowFormat>().Select(f => f.Name()))}.", DefaultValueFactory = _ => RowFormat.Auto.Name() };

    private static readonly Option<string[]> Labels = new("--labels") { Description = "Words for the labels 0, 1, ... of classification rows.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };

    private static readonly Option<int> SeqLen = new("--seq-len") { Description = "Tokens after which rows are cut, as train.seqLen.", DefaultValueFactory = _ => 512 };

    public static Command Create() => new("data", "Looks at rows before anything is trained on them.") { Inspect(), Validate() };

    private static Command Inspect()
    {
        var file = new Argument<string>("file") { Description = "Data file." };
        var model = new Option<string>("--model") { Description = "Folder of the model whose tokenizer and chat template are used. Default: the bundled model.", DefaultValueFactory = _ => Path.Combine(AppContext.BaseDirectory, "samples", "models", "aligned-demo") };
        var rows = new Option<int>("--rows") { Description = "Rows shown.", DefaultValueFactory = _ => 3 };
        var command = new Command("inspect", "Shows rows decoded from their tokens: what is learnt, what is only read, what is cut.") { file, model, rows, SeqLen, Format, Labels, CommonOptions.Json };
        command.SetAction(result => Guarded.RunAsync(() => Task.FromResult(Inspect(result.GetRequiredValue(file), result.GetRequiredValue(model), result.GetValue(rows), result.GetValue(SeqLen), Reading(result), result.GetValue(CommonOptions.Json)))));
        return command;
    }

    private static Command Validate()
    {
        var files = new Argument<string[]>("files") { Description = "Data files.", Arity = ArgumentArity.OneOrMore };
        var model = new Option<string?>("--model") { Description = "Folder of the model that is to learn them: rows that its chat template refuses, or of which --seq-len leaves nothing to learn, are listed too. Default: none, rows are only read." };
        var command = new Command("validate", "Lists every row that cannot be used, with its place and the reason. Exit code 2 if there is one.") { files, model, SeqLen, Format, Labels, CommonOptions.Json };
        command.SetAction(result => Guarded.RunAsync(() => Task.FromResult(Validate(result.GetRequiredValue(files), result.GetValue(model), result.GetValue(SeqLen), Reading(result), result.GetValue(CommonOptions.Json)))));
        return command;
    }

    private static RowReading Reading(ParseResult result) => new() { Format = RowFormats.Parse(result.GetRequiredValue(Format)), Labels = result.GetValue(Labels) ?? [] };

    private static int Inspect(string file, string model, int rows, int seqLen, RowReading reading, bool json)
    {
        var (tokenizer, chat) = Chat(model, seqLen);
        // What cannot be used is for validate to list.
        var data = TrainingData.Load(file, reading with { MostSkipped = 1 }, chat, seqLen, DataPart.Train);
        var shown = data.Texts.Rows.Take(Math.Max(0, rows)).Select(row => DataPreview.Of(row, chat, tokenizer, seqLen)).ToList();
        var report = data.Report;
        if (json)
        {
            Screen.Json(new { file, format = data.Texts.Format.Name(), report, warnings = data.Warnings, rows = shown.Select(p => new { place = $"{p.Place}", pieces = p.Pieces.Select(x => new { use = $"{x.Use}".ToLowerInvariant(), tokens = x.Tokens, text = x.Text }) }) });
            return ExitCode.Done;
        }
        foreach (var preview in shown)
        {
            Console.WriteLine($"{preview.Place}: {preview.Pieces.Sum(p => p.Tokens):N0} tokens, {preview.Pieces.Where(p => p.Use == PieceUse.Trained).Sum(p => p.Tokens):N0} learnt");
            if (Console.IsOutputRedirected) Console.WriteLine(preview.Marked());
            else
            {
                foreach (var piece in preview.Pieces) Screen.Out.Write(new Text(piece.Text, piece.Use switch { PieceUse.Trained => new Style(Color.Green), PieceUse.Cut => new Style(Color.Red, decoration: Decoration.Strikethrough), _ => new Style(Color.Grey) }));
                Console.WriteLine();
            }
            Console.WriteLine();
        }
        Console.WriteLine($"{file}: {report.Rows:N0} rows of the format {data.Texts.Format.Name()}, {report.Tokens:N0} tokens, {report.ResponseTokens:N0} of them learnt; the longest row has {report.LongestRow:N0}.");
        if (data.Texts.Quarantined.Count > 0) Screen.Say($"{data.Texts.Quarantined.Count:N0} rows cannot be used: `alignguard data validate {file} --model {model} --seq-len {seqLen}` lists them.");
        foreach (var warning in data.Warnings) Screen.Say(warning);
        return ExitCode.Done;
    }

    private static (HfTokenizer Tokenizer, ConversationFormat Format) Chat(string model, int seqLen)
    {
        if (seqLen < 2) throw new UserFaultException([$"--seq-len is {seqLen}; it must be at least 2: a token and the one it predicts."]);
        var tokenizer = HfTokenizer.Load(model);
        return (tokenizer, ConversationFormat.For(tokenizer, LanguageCheckpoint.DecoderStartId(model)));
    }

    private static int Validate(string[] files, string? model, int seqLen, RowReading reading, bool json)
    {
        var chat = model is null ? null : Chat(model, seqLen).Format;
        var results = new List<(string File, RowSet? Rows, IReadOnlyList<string> Problems)>();
        foreach (var file in files)
        {
            RowSet? rows = null;
            IReadOnlyList<string> further = [];
            try
            {
                rows = RowFile.Read(file, reading with { MostSkipped = 1 });
                if (chat is not null) rows = TrainingData.Tokenise(rows, chat, seqLen, mostSkipped: 1).Texts;
            }
            // None of the rows that were read can be used.
            catch (UserFaultException e)
            {
                further = e.Problems;
            }
            var left = rows?.Quarantined.OrderBy(q => (q.Line, q.Row)).SelectMany(q => q.Reasons.Select(reason => $"{new RowPlace(q.Source, q.Line, q.Row)}: {reason}")) ?? [];
            results.Add((file, further.Count == 0 ? rows : null, [.. left, .. further]));
        }
        if (json) Screen.Json(results.Select(r => new { file = r.File, format = r.Rows?.Format.Name(), rows = r.Rows?.Rows.Count ?? 0, bad = r.Rows?.Quarantined.Count, problems = r.Problems, warnings = r.Rows?.Warnings ?? [] }));
        else
            foreach (var (file, rows, problems) in results)
            {
                foreach (var problem in problems) Console.WriteLine(problem);
                if (rows is not null) Console.WriteLine($"{file}: {rows.Rows.Count:N0} rows of the format {rows.Format.Name()} can be used{(rows.Quarantined.Count > 0 ? $", {rows.Quarantined.Count:N0} cannot" : "")}.");
                foreach (var warning in rows?.Warnings ?? []) Screen.Say(warning);
            }
        return results.Any(r => r.Problems.Count > 0) ? ExitCode.BadInput : ExitCode.Done;
    }
}
