using System.Text.Json;
using AlignGuard.Models.Chat;

namespace AlignGuard.Pipeline.Data;

/// <summary>A prompt and its answer in fields of their own: <c>prompt-completion</c> and <c>alpaca</c>.</summary>
/// <param name="Prompt">The field of the user's text.</param>
/// <param name="Response">The field of the answer.</param>
/// <param name="Input">The field of a text that follows the user's after an empty line, where there is one; null when the layout has none.</param>
internal sealed record TextPairLayout(RowFormat Format, string Prompt, string Response, string? Input) : RowLayout(Format)
{
    public static readonly TextPairLayout Alpaca = new(RowFormat.Alpaca, "instruction", "output", "input");

    private static readonly string[] Prompts = ["prompt", "instruction", "question"];
    private static readonly string[] Responses = ["completion", "response", "output", "answer"];
    private static readonly string[] Texts = [.. Prompts, .. Responses, "input", "context", "history"];

    /// <summary>The pair of names that a row uses; of several the first.</summary>
    /// <param name="alpaca">Whether instruction and output are alpaca's.</param>
    public static TextPairLayout? Recognise(JsonElement row, bool alpaca)
    {
        if (Prompts.FirstOrDefault(Has) is not { } prompt || Responses.FirstOrDefault(Has) is not { } response) return null;
        return alpaca && (prompt, response) == (Alpaca.Prompt, Alpaca.Response) ? Alpaca : new TextPairLayout(RowFormat.PromptCompletion, prompt, response, null);

        bool Has(string name) => row.TryGetProperty(name, out _);
    }

    protected override void ReadTurns(JsonElement row, List<Turn> turns, Action<string> problem)
    {
        var prompt = Required(row, Prompt, Prompt, problem) is { } p ? Text(p, Prompt, problem) : null;
        var response = Required(row, Response, Response, problem) is { } r ? Text(r, Response, problem) : null;
        var input = Input is not null && row.TryGetProperty(Input, out var i) && i.ValueKind != JsonValueKind.Null ? Text(i, Input, problem) : null;
        // A row with an answer in two fields, or a context beside the question, would lose a text that its author meant to be read.
        foreach (var name in Texts.Where(n => n != Prompt && n != Response && n != Input && row.TryGetProperty(n, out var value) && !IsEmpty(value)))
            problem($"{name}: is a text that {Format.Name()} rows of {Prompt} and {Response} leave out: put it into one of them, or remove or rename the field.");
        if (prompt is null || response is null) return;
        if (!string.IsNullOrWhiteSpace(input) && !string.IsNullOrWhiteSpace(prompt)) prompt = $"{prompt}\n\n{input}";
        turns.Add(new Turn(ChatMessage.UserRole, prompt, Prompt, Prompt));
        turns.Add(new Turn(ChatMessage.AssistantRole, response, Response, Response));
    }

    private static bool IsEmpty(JsonElement value) =>
        value.ValueKind == JsonValueKind.Null
        || value.ValueKind == JsonValueKind.String && value.ValueEquals("")
        || value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0;
}
