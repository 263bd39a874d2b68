using System.Globalization;
using System.Text.Json;
using AlignGuard.Models.Chat;

namespace AlignGuard.Pipeline.Data;

/// <summary>
/// Texts and their label, as in the files of GLUE and SuperGLUE: <c>sentence</c> and <c>label</c>, <c>sentence1</c>, <c>sentence2</c> and <c>gold_label</c>. One text is the question as it is; several stand on lines of their own behind
/// their names. The answer is the label, or its word where words are given.
/// </summary>
/// <param name="Labels">Words for the labels 0, 1, ...; empty = labels as they are.</param>
internal sealed record ClassificationLayout(IReadOnlyList<string> Labels) : RowLayout(RowFormat.Classification)
{
    // The first that a row has: of MNLI, QQP and MRPC behind the usual one.
    private static readonly string[] LabelNames = ["label", "gold_label", "is_duplicate", "Quality"];

    // They number rows, name their source, are what single annotators said, or the same text again, parsed: nothing to read.
    private static readonly string[] PassedOver =
        ["index", "idx", "id", "guid", "pairID", "promptID", "qid1", "qid2", "#1 ID", "#2 ID", "genre", "label1", "label2", "label3", "label4", "label5", "sentence1_parse", "sentence2_parse", "sentence1_binary_parse", "sentence2_binary_parse", .. ColaColumns.Passed];

    public static bool Fits(JsonElement row) => LabelOf(row) is not null && row.EnumerateObject().Any(IsText);

    protected override void ReadTurns(JsonElement row, List<Turn> turns, Action<string> problem)
    {
        var texts = row.EnumerateObject().Where(IsText).Select(p => (p.Name, Text: p.Value.GetString()!)).ToList();
        if (texts.Count == 0) problem($"the row has no text beside its label; there is {Fields(row)}.");
        var name = LabelOf(row) ?? LabelNames[0];
        if (Required(row, name, name, problem) is not { } label || Answer(name, label, problem) is not { } answer || texts.Count == 0) return;
        turns.Add(new Turn(ChatMessage.UserRole, texts.Count == 1 ? texts[0].Text : string.Join('\n', texts.Select(t => $"{t.Name}: {t.Text}")), texts[0].Name, texts[0].Name));
        turns.Add(new Turn(ChatMessage.AssistantRole, answer, name, name));
    }

    private static string? LabelOf(JsonElement row) => LabelNames.FirstOrDefault(name => row.TryGetProperty(name, out _));

    private string? Answer(string name, JsonElement label, Action<string> problem)
    {
        var text = label.ValueKind switch
        {
            JsonValueKind.String => label.GetString()!.Trim(),
            JsonValueKind.Number => label.GetRawText(),
            // SuperGLUE's yes and no: with words they are the second and the first.
            JsonValueKind.True or JsonValueKind.False => Labels.Count == 0 ? label.GetRawText() : label.GetBoolean() ? "1" : "0",
            _ => null,
        };
        if (text is null) problem($"{name}: must be a number, a string, true or false, not {Kind(label)}.");
        if (text == "-")
        {
            problem($"{name}: '-' stands for annotators who did not agree: remove the row, or let such rows be left out.");
            return null;
        }
        if (text is null || Labels.Count == 0) return text;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < Labels.Count) return Labels[number];
        if (Labels.Contains(text)) return text;
        problem($"{name}: {RowProblems.Quote(text)} is none of the {Labels.Count} of data.labels (0 to {Labels.Count - 1}, or a word of the list).");
        return null;
    }

    private static bool IsText(JsonProperty p) => p.Value.ValueKind == JsonValueKind.String && !LabelNames.Contains(p.Name) && !PassedOver.Contains(p.Name, StringComparer.OrdinalIgnoreCase);
}
