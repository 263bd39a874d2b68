using System.Globalization;
using System.Text.Json;
using AlignGuard.Models.Chat;

namespace AlignGuard.Pipeline.Data;

/// <summary>
/// Texts and their label, as in GLUE: <c>sentence</c> and <c>label</c>, <c>sentence1</c>, <c>sentence2</c> and <c>label</c>. One text is the question as it is; several stand on lines of their own behind their
/// names. The answer is the label, or its word where words are given.
/// </summary>
/// <param name="Labels">Words for the labels 0, 1, ...; empty = labels as they are.</param>
internal sealed record ClassificationLayout(IReadOnlyList<string> Labels) : RowLayout(RowFormat.Classification)
{
    private const string Label = "label";

    // They number rows and say nothing.
    private static readonly string[] Numbers = ["index", "idx", "id", "guid"];

    public static bool Fits(JsonElement row) => row.TryGetProperty(Label, out _) && row.EnumerateObject().Any(IsText);

    protected override void ReadTurns(JsonElement row, List<Turn> turns, Action<string> problem)
    {
        var texts = row.EnumerateObject().Where(IsText).Select(p => (p.Name, Text: p.Value.GetString()!)).ToList();
        if (texts.Count == 0) problem($"the row has no text beside its label; there is {Fields(row)}.");
        if (Required(row, Label, Label, problem) is not { } label || Answer(label, problem) is not { } answer || texts.Count == 0) return;
        turns.Add(new Turn(ChatMessage.UserRole, texts.Count == 1 ? texts[0].Text : string.Join('\n', texts.Select(t => $"{t.Name}: {t.Text}")), texts[0].Name, texts[0].Name));
        turns.Add(new Turn(ChatMessage.AssistantRole, answer, Label, Label));
    }

    private string? Answer(JsonElement label, Action<string> problem)
    {
        var text = label.ValueKind switch
        {
            JsonValueKind.String => label.GetString()!.Trim(),
            JsonValueKind.Number => label.GetRawText(),
            _ => null,
        };
        if (text is null) problem($"{Label}: must be a number or a string, not {Kind(label)}.");
        if (text is null || Labels.Count == 0) return text;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < Labels.Count) return Labels[number];
        if (Labels.Contains(text)) return text;
        problem($"{Label}: {RowProblems.Quote(text)} is none of the {Labels.Count} of data.labels (0 to {Labels.Count - 1}, or a word of the list).");
        return null;
    }

    private static bool IsText(JsonProperty p) => p.Value.ValueKind == JsonValueKind.String && p.Name != Label && !Numbers.Contains(p.Name, StringComparer.OrdinalIgnoreCase);
}
