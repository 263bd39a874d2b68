using System.Collections.Frozen;
using System.Text.Json;
using AlignGuard.Models.Chat;

namespace AlignGuard.Pipeline.Data;

/// <summary>Turns in a list: <c>messages</c> and <c>sharegpt</c>.</summary>
/// <param name="List">The field of the list.</param>
/// <param name="Role">The field of a turn that says who speaks.</param>
/// <param name="Content">The field of a turn that holds the text.</param>
/// <param name="Roles">The names of the roles in the file, and ours.</param>
internal sealed record TurnListLayout(RowFormat Format, string List, string Role, string Content, FrozenDictionary<string, string> Roles) : RowLayout(Format)
{
    public static readonly TurnListLayout Messages = new(RowFormat.Messages, "messages", "role", "content", new Dictionary<string, string>
    {
        ["system"] = ChatMessage.SystemRole,
        ["user"] = ChatMessage.UserRole,
        ["assistant"] = ChatMessage.AssistantRole,
    }.ToFrozenDictionary());

    public static readonly TurnListLayout ShareGpt = new(RowFormat.ShareGpt, "conversations", "from", "value", new Dictionary<string, string>
    {
        ["system"] = ChatMessage.SystemRole,
        ["human"] = ChatMessage.UserRole,
        ["user"] = ChatMessage.UserRole,
        ["gpt"] = ChatMessage.AssistantRole,
        ["assistant"] = ChatMessage.AssistantRole,
    }.ToFrozenDictionary());

    protected override void ReadTurns(JsonElement row, List<Turn> turns, Action<string> problem)
    {
        if (Required(row, List, List, problem) is not { } list) return;
        if (list.ValueKind != JsonValueKind.Array)
        {
            problem($"{List}: must be a list of {{{Role}, {Content}}}, not {Kind(list)}.");
            return;
        }
        foreach (var (i, turn) in list.EnumerateArray().Index())
        {
            var path = $"{List}[{i}]";
            if (turn.ValueKind != JsonValueKind.Object)
            {
                problem($"{path}: must be an object with {Role} and {Content}, not {Kind(turn)}.");
                continue;
            }
            var role = ReadRole(turn, $"{path}.{Role}", problem);
            var text = Required(turn, Content, $"{path}.{Content}", problem) is { } content ? Text(content, $"{path}.{Content}", problem) : null;
            // OpenAI's way to leave a turn out of the loss: to train on it all the same would be wrong, silently.
            if (turn.TryGetProperty("weight", out var weight) && !(weight.ValueKind == JsonValueKind.Number && weight.TryGetDouble(out var w) && w == 1))
                problem($"{path}.weight: turns can not be weighed: every assistant turn is trained on. Remove the turn or its weight.");
            if (role is not null && text is not null) turns.Add(new Turn(role, text, $"{path}.{Role}", $"{path}.{Content}"));
        }
    }

    private string? ReadRole(JsonElement turn, string path, Action<string> problem)
    {
        if (Required(turn, Role, path, problem) is not { } value || Text(value, path, problem) is not { } name) return null;
        if (Roles.TryGetValue(name, out var role)) return role;
        problem($"{path}: {RowProblems.Quote(name)} is unknown: use {string.Join(", ", Roles.Keys.Order(StringComparer.Ordinal))}.");
        return null;
    }
}
