namespace AlignGuard.Models.Chat.Jinja;

/// <summary>Methods of strings, mappings and lists.</summary>
internal static partial class JinjaMethods
{
    /// <summary>The method of that name; null when the value has none.</summary>
    public static JinjaFunction? Find(object? value, string name, JinjaBudget budget)
    {
        Func<CallValues, object?>? call = value switch
        {
            TaggedText text => OfText(text, name, budget),
            JinjaDict dict => OfDict(dict, name, budget),
            List<object?> list => OfList(list, name, budget),
            _ => null,
        };
        return call is null ? null : new JinjaFunction(name, call);
    }

    private static Func<CallValues, object?>? OfText(TaggedText text, string name, JinjaBudget budget) => name switch
    {
        "strip" => a => Strip(text, Chars(a), true, true, budget),
        "lstrip" => a => Strip(text, Chars(a), true, false, budget),
        "rstrip" => a => Strip(text, Chars(a), false, true, budget),
        "upper" => _ => Case(text, s => s.ToUpperInvariant(), budget),
        "lower" => _ => Case(text, s => s.ToLowerInvariant(), budget),
        "title" => _ => Title(text, budget),
        "capitalize" => _ => Capitalize(text, budget),
        "startswith" => a => Affix(a, s => text.Value.StartsWith(s, StringComparison.Ordinal)),
        "endswith" => a => Affix(a, s => text.Value.EndsWith(s, StringComparison.Ordinal)),
        "removeprefix" => a => Needed(a, 0) is var s && text.Value.StartsWith(s.Value, StringComparison.Ordinal) ? text.Slice(s.Length, text.Length - s.Length) : text,
        "removesuffix" => a => Needed(a, 0) is var s && text.Value.EndsWith(s.Value, StringComparison.Ordinal) ? text.Slice(0, text.Length - s.Length) : text,
        "split" => a => Split(text, a, fromRight: false, budget),
        "rsplit" => a => Split(text, a, fromRight: true, budget),
        "splitlines" => _ => Lines(text, budget),
        "replace" => a => Replace(text, Needed(a, 0), Needed(a, 1), JinjaValue.Integer(a.Get(2, "count")), budget),
        "join" => a => Join((a.Get(0, "iterable") as List<object?> ?? throw new JinjaException("join() needs a list.")), text, budget),
        "find" => a => (long)text.Value.IndexOf(Needed(a, 0).Value, StringComparison.Ordinal),
        "count" => a => Count(text, Needed(a, 0), budget),
        "isdigit" => _ => text.Length > 0 && text.Value.All(char.IsDigit),
        "isalpha" => _ => text.Length > 0 && text.Value.All(char.IsLetter),
        "isspace" => _ => text.Length > 0 && text.Value.All(IsSpace),
        "isupper" => _ => text.Value.Any(char.IsUpper) && !text.Value.Any(char.IsLower),
        "islower" => _ => text.Value.Any(char.IsLower) && !text.Value.Any(char.IsUpper),
        _ => null,
    };

    private static Func<CallValues, object?>? OfDict(JinjaDict dict, string name, JinjaBudget budget) => name switch
    {
        "get" => a => a.Get(0, "key") is TaggedText key && dict.Entries.TryGetValue(key.Value, out var value) ? value : a.Get(1, "default"),
        "items" => _ => Items(dict, budget),
        "keys" => _ => Made(dict.Entries.Keys.Select(k => (object?)TaggedText.Of(k)), budget),
        "values" => _ => Made(dict.Entries.Values, budget),
        _ => null,
    };

    private static Func<CallValues, object?>? OfList(List<object?> list, string name, JinjaBudget budget) => name switch
    {
        "append" => a =>
        {
            budget.Text(16);
            // As in the sandbox of the reference, lists can be added to in a `do`-like output, which writes none.
            list.Add(a.Get(0, "object"));
            return null;
        },
        "index" => a => list.FindIndex(x => JinjaValue.Same(x, a.Get(0, "value"), budget)) is var at and >= 0 ? (long)at : throw new JinjaException("index(): the value is not in the list."),
        "count" => a => (long)list.Count(x => JinjaValue.Same(x, a.Get(0, "value"), budget)),
        _ => null,
    };

    public static List<object?> Items(JinjaDict dict, JinjaBudget budget) =>
        Made(dict.Entries.Select(e => (object?)new List<object?> { TaggedText.Of(e.Key), e.Value }), budget);

    public static List<object?> Made(IEnumerable<object?> items, JinjaBudget budget)
    {
        var list = items.ToList();
        budget.Text(16L * list.Count);
        return list;
    }

    public static TaggedText Strip(TaggedText text, string? chars, bool left, bool right, JinjaBudget budget)
    {
        budget.Text(text.Length);
        bool Goes(char c) => chars?.Contains(c) ?? IsSpace(c);
        var (from, to) = (0, text.Length);
        if (left) while (from < to && Goes(text.Value[from])) from++;
        if (right) while (to > from && Goes(text.Value[to - 1])) to--;
        return text.Slice(from, to - from);
    }

    // Python also counts the four separators of ASCII.
    /// <summary>White space as Python has it: its <c>strip</c> takes the four separators of ASCII too, which .NET holds for controls.</summary>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001c' and <= '\u001f';

    public static TaggedText Case(TaggedText text, Func<string, string> change, JinjaBudget budget)
    {
        budget.Text(text.Length);
        return text.Map(change);
    }

    public static TaggedText Title(TaggedText text, JinjaBudget budget)
    {
        var previous = false;
        return Case(text, s => string.Concat(s.Select(c =>
        {
            var (letter, result) = (char.IsLetter(c), previous ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c));
            previous = letter;
            return result;
        })), budget);
    }

    public static TaggedText Capitalize(TaggedText text, JinjaBudget budget)
    {
        var first = true;
        return Case(text, s =>
        {
            var changed = first && s.Length > 0 ? char.ToUpperInvariant(s[0]) + s[1..].ToLowerInvariant() : s.ToLowerInvariant();
            first = false;
            return changed;
        }, budget);
    }

    public static TaggedText Replace(TaggedText text, TaggedText old, TaggedText by, long? count, JinjaBudget budget)
    {
        budget.Text(text.Length);
        if (old.Length == 0) throw new JinjaException("replace() of the empty string is not supported.");
        var result = new TaggedTextBuilder();
        var (done, left) = (0, count is { } c and >= 0 ? c : long.MaxValue);
        for (int at; left > 0 && (at = text.Value.IndexOf(old.Value, done, StringComparison.Ordinal)) >= 0; left--)
        {
            budget.Text(by.Length + text.Runs.Count);
            result.Append(text.Slice(done, at - done));
            result.Append(by);
            done = at + old.Length;
        }
        result.Append(text.Slice(done, text.Length - done));
        return result.ToText();
    }

    public static TaggedText Join(List<object?> items, TaggedText separator, JinjaBudget budget)
    {
        var result = new TaggedTextBuilder();
        for (var i = 0; i < items.Count; i++)
        {
            var text = JinjaValue.Text(items[i], budget);
            budget.Text(text.Length + separator.Length);
            if (i > 0) result.Append(separator);
            result.Append(text);
        }
        return result.ToText();
    }

    private static long Count(TaggedText text, TaggedText part, JinjaBudget budget)
    {
        budget.Text(text.Length);
        return part.Length == 0 ? text.Length + 1 : (text.Length - text.Value.Replace(part.Value, "", StringComparison.Ordinal).Length) / part.Length;
    }

    private static bool Affix(CallValues arguments, Func<string, bool> holds) => arguments.Get(0, "prefix") switch
    {
        TaggedText one => holds(one.Value),
        List<object?> several => several.Any(s => s is TaggedText t && holds(t.Value)),
        var other => throw new JinjaException($"startswith() and endswith() need a string, not {JinjaValue.Kind(other)}."),
    };

    private static string? Chars(CallValues arguments) => (arguments.Get(0, "chars") as TaggedText)?.Value;

    private static TaggedText Needed(CallValues arguments, int at) =>
        arguments.Get(at, "") as TaggedText ?? throw new JinjaException($"a string is needed as argument {at + 1}.");
}
