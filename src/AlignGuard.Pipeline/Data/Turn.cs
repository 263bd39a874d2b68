using System.Globalization;
using System.Text;
using AlignGuard.Models.Chat;

namespace AlignGuard.Pipeline.Data;

/// <summary>A message as a row holds it.</summary>
/// <param name="RoleField">The field that says who speaks, for sentences.</param>
/// <param name="TextField">The field that holds the text.</param>
internal readonly record struct Turn(string Role, string Text, string RoleField, string TextField);

/// <summary>What makes messages a conversation that can be trained on.</summary>
internal static class Conversation
{
    /// <summary>Tells what is wrong: an empty text, a control character, an order other than system?, (user, assistant)+.</summary>
    public static void Check(IReadOnlyList<Turn> turns, Action<string> problem)
    {
        foreach (var turn in turns) CheckText(turn, problem);
        // Learnt whole: there is nobody who speaks.
        if (turns is [{ Role: PlainTextLayout.Role }]) return;

        string? before = null;
        for (var i = 0; i < turns.Count; i++)
        {
            var (role, _, field, _) = turns[i];
            if (role == ChatMessage.SystemRole)
            {
                if (i > 0) problem($"{field}: a system message can only be the first: move it or remove it.");
                continue;
            }
            if (role == before) problem($"{field}: two messages of the {role} in a row: join them, or give the turn between.");
            else if (before is null && role == ChatMessage.AssistantRole) problem($"{field}: the conversation begins with the assistant: begin it with the user.");
            before = role;
        }
        if (before != ChatMessage.AssistantRole)
            problem("the conversation does not end with the assistant, whose answer is what is trained: add the answer or remove the row.");
    }

    private static void CheckText(Turn turn, Action<string> problem)
    {
        if (string.IsNullOrWhiteSpace(turn.Text))
        {
            problem($"{turn.TextField}: the {(turn.Role == ChatMessage.AssistantRole ? "response" : $"text of the {turn.Role}")} is empty: write it or remove the row.");
            return;
        }
        var position = 0;
        foreach (var character in turn.Text)
        {
            position++;
            if (!char.IsControl(character) || character is '\t' or '\n' or '\r') continue;
            problem($"{turn.TextField}: holds the control character U+{(int)character:X4} at character {position.ToString(CultureInfo.InvariantCulture)}: remove it.");
            return;
        }
    }
}
