using System.Text.Json;
using AlignGuard.Models.Chat;

namespace AlignGuard.Pipeline.Data;

/// <summary>The fields in which the rows of a file keep their turns. All rows of a file have one layout.</summary>
internal abstract record RowLayout(RowFormat Format)
{
    private const string System = "system";

    /// <summary>The layout that a format asks for whatever the rows hold; null when the rows have to say it.</summary>
    /// <param name="labels">Words for the labels of classification rows.</param>
    public static RowLayout? Of(RowFormat format, IReadOnlyList<string> labels) => format switch
    {
        RowFormat.Messages => TurnListLayout.Messages,
        RowFormat.ShareGpt => TurnListLayout.ShareGpt,
        RowFormat.Alpaca => TextPairLayout.Alpaca,
        RowFormat.Classification => new ClassificationLayout(labels),
        RowFormat.Text => new PlainTextLayout(),
        _ => null,
    };

    /// <summary>The layout of a row; null when it has none that is known (or, for a format other than auto, none of that format).</summary>
    public static RowLayout? Recognise(JsonElement row, RowFormat format, IReadOnlyList<string> labels)
    {
        if (format == RowFormat.Auto)
        {
            foreach (var list in new[] { TurnListLayout.Messages, TurnListLayout.ShareGpt })
            {
                if (row.TryGetProperty(list.List, out _)) return list;
            }
        }
        if (TextPairLayout.Recognise(row, alpaca: format == RowFormat.Auto) is { } pair) return pair;
        if (format != RowFormat.Auto) return null;
        if (ClassificationLayout.Fits(row)) return new ClassificationLayout(labels);
        return row.TryGetProperty(PlainTextLayout.Field, out _) ? new PlainTextLayout() : null;
    }

    /// <summary>The turns of a row, as far as they can be read; what can not be is told.</summary>
    public IReadOnlyList<Turn>? Read(JsonElement row, Action<string> problem)
    {
        var turns = new List<Turn>();
        var sound = true;
        // Some files keep the system message beside the turns, empty where there is none.
        if (row.TryGetProperty(System, out var system) && system.ValueKind != JsonValueKind.Null)
        {
            if (Text(system, System, Tell) is { Length: > 0 } text) turns.Add(new Turn(ChatMessage.SystemRole, text, System, System));
        }
        ReadTurns(row, turns, Tell);
        return sound ? turns : null;

        void Tell(string what)
        {
            sound = false;
            problem(what);
        }
    }

    /// <summary>"'a', 'b'": the names of a row's fields, for a sentence.</summary>
    public static string Fields(JsonElement row)
    {
        const int Shown = 8;
        var names = row.EnumerateObject().Select(p => p.Name).Take(Shown + 1).ToList();
        return names.Count == 0 ? "no field"
            : string.Join(", ", names.Take(Shown).Select(RowProblems.Quote)) + (names.Count > Shown ? ", …" : "");
    }

    protected abstract void ReadTurns(JsonElement row, List<Turn> turns, Action<string> problem);

    /// <summary>The element of a field that has to be there; null, and told, when it is not.</summary>
    protected static JsonElement? Required(JsonElement parent, string field, string path, Action<string> problem)
    {
        if (parent.TryGetProperty(field, out var value)) return value;
        problem($"{path} is missing; there is {Fields(parent)}.");
        return null;
    }

    /// <summary>A string; null, and told, when it is something else.</summary>
    protected static string? Text(JsonElement value, string path, Action<string> problem)
    {
        if (value.ValueKind == JsonValueKind.String) return value.GetString();
        problem($"{path}: must be a string, not {Kind(value)}.");
        return null;
    }

    internal static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => "null",
    };
}
