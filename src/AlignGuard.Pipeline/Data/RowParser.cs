using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using AlignGuard.Models.Chat;

namespace AlignGuard.Pipeline.Data;

/// <summary>Turns the JSON of one row after another into conversations. The first row of a known layout binds the rest.</summary>
/// <param name="labels">Words for the labels of classification rows; empty = labels as they are.</param>
internal sealed class RowParser(RowFormat format, IReadOnlyList<string> labels)
{
    // A field that is given twice has no one meaning.
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 64 };
    private RowLayout? layout = RowLayout.Of(format, labels);

    /// <summary>The layout that was found; <see cref="RowFormat.Auto"/> before there was any row.</summary>
    public RowFormat Format => layout?.Format ?? format;

    /// <summary>The row's messages; null, and told, when it can not be used.</summary>
    public IReadOnlyList<ChatMessage>? Parse(RawRow raw, Func<int, RowPlace> place, RowProblems problems)
    {
        var line = raw.Line;
        var before = problems.Count;
        try
        {
            Check(raw, Tell);
            if (problems.Count > before) return null;
            using var document = JsonDocument.Parse(raw.Json, Strict);
            var turns = Read(document.RootElement, Tell);
            if (turns is not null) Conversation.Check(turns, Tell);
            return problems.Count > before ? null : [.. turns!.Select(t => new ChatMessage(t.Role, t.Text))];
        }
        catch (JsonException e)
        {
            line += (int)(e.LineNumber ?? 0);
            // A name that is there twice has no place.
            Tell($"not valid JSON{(e.BytePositionInLine is { } at ? $" at byte {at + 1} of the line" : "")} ({Reason(e)}): correct or remove the row.");
        }
        catch (InvalidOperationException)
        {
            // How the reader says that an escape ("\ud800") is no text; grammatical JSON, so it comes only when the string is looked at.
            Tell("a string holds half a surrogate pair (\\ud800 to \\udfff): correct or remove it.");
        }
        return null;

        void Tell(string problem) => problems.Add(place(line), problem);
    }

    private static void Check(RawRow raw, Action<string> problem)
    {
        if (raw.Problem is not null) problem(raw.Problem);
        else if (!Utf8.IsValid(raw.Json.Span)) problem($"not UTF-8 text at byte {FirstInvalid(raw.Json.Span) + 1} of the row: save the file as UTF-8.");
    }

    private IReadOnlyList<Turn>? Read(JsonElement row, Action<string> problem)
    {
        if (row.ValueKind != JsonValueKind.Object)
        {
            problem($"the row is {RowLayout.Kind(row)}, not an object{(row.ValueKind == JsonValueKind.Array ? ": a list of rows belongs in a .json file" : "")}.");
            return null;
        }
        layout ??= RowLayout.Recognise(row, format, labels);
        if (layout is not null) return layout.Read(row, problem);
        problem(format == RowFormat.Auto
            ? $"the row has no known layout; there is {RowLayout.Fields(row)}. Needed is messages, conversations, a prompt (prompt, instruction, question) and its answer (completion, response, output, answer), texts and their label, or a text."
            : $"the row is no prompt with its answer; there is {RowLayout.Fields(row)}. Needed is one of prompt, instruction, question and one of completion, response, output, answer.");
        return null;
    }

    private static int FirstInvalid(ReadOnlySpan<byte> utf8)
    {
        var at = 0;
        while (Rune.DecodeFromUtf8(utf8[at..], out _, out var length) == OperationStatus.Done) at += length;
        return at;
    }

    // The rest of a JsonException's message repeats line and byte position. It may hold a name from the row.
    private static string Reason(JsonException e)
    {
        var end = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return RowProblems.Printable((end < 0 ? e.Message : e.Message[..end]).TrimEnd('.', ' ', '|'), 160);
    }
}
