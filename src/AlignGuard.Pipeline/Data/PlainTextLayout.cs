using System.Text.Json;

namespace AlignGuard.Pipeline.Data;

/// <summary>A <c>text</c> each, learnt whole and without the chat template: what a model is trained on further, not how it answers.</summary>
internal sealed record PlainTextLayout() : RowLayout(RowFormat.Text)
{
    public const string Field = "text";

    /// <summary>Its one message's role.</summary>
    public const string Role = "text";

    protected override void ReadTurns(JsonElement row, List<Turn> turns, Action<string> problem)
    {
        if (Required(row, Field, Field, problem) is { } value && Text(value, Field, problem) is { } text) turns.Add(new Turn(Role, text, Field, Field));
    }
}
