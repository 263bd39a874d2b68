using System.Collections.Frozen;
using System.Globalization;

namespace AlignGuard.Models.Chat.Jinja;

/// <summary>What may follow <c>|</c>.</summary>
internal static class JinjaFilters
{
    public static readonly FrozenSet<string> Names = FrozenSet.Create(StringComparer.Ordinal,
        "abs", "bool", "capitalize", "count", "d", "default", "dictsort", "first", "float", "indent", "int", "items", "join", "last", "length", "list", "lower", "map", "max", "min",
        "reject", "rejectattr", "replace", "reverse", "round", "safe", "select", "selectattr", "sort", "string", "sum", "title", "tojson", "trim", "unique", "upper");

    public static object? Apply(string name, object? value, CallValues a, JinjaBudget budget)
    {
        budget.Step();
        return name switch
        {
            "safe" => value,
            "default" or "d" => value is JinjaUndefined || (JinjaValue.Truth(a.Get(1, "boolean", false)) && !JinjaValue.Truth(value)) ? a.Get(0, "default_value", TaggedText.Empty) : value,
            "tojson" => JinjaJson.Write(value, Style(a), budget),
            "string" => JinjaValue.Text(value, budget),
            "bool" => JinjaValue.Truth(value),
            "length" or "count" => (long)Length(value),
            "list" => JinjaMethods.Made(Items(value, budget), budget),
            "items" => value is JinjaUndefined ? new List<object?>() : JinjaMethods.Items(value as JinjaDict ?? throw Wrong(name, value), budget),
            "first" => Items(value, budget) is [var first, ..] ? first : new JinjaUndefined("first"),
            "last" => Items(value, budget) is [.., var last] ? last : new JinjaUndefined("last"),
            "join" => JinjaMethods.Join(Attribute(Items(value, budget), a.Get(1, "attribute"), budget), a.Get(0, "d", TaggedText.Empty) as TaggedText ?? throw Wrong(name, a.Get(0, "d")), budget),
            "trim" => JinjaMethods.Strip(Text(name, value, budget), (a.Get(0, "chars") as TaggedText)?.Value, true, true, budget),
            "upper" => JinjaMethods.Case(Text(name, value, budget), s => s.ToUpperInvariant(), budget),
            "lower" => JinjaMethods.Case(Text(name, value, budget), s => s.ToLowerInvariant(), budget),
            "title" => JinjaMethods.Title(Text(name, value, budget), budget),
            "capitalize" => JinjaMethods.Capitalize(Text(name, value, budget), budget),
            "replace" => JinjaMethods.Replace(Text(name, value, budget), Text(name, a.Get(0, "old"), budget), Text(name, a.Get(1, "new"), budget), JinjaValue.Integer(a.Get(2, "count")), budget),
            "indent" => Indent(Text(name, value, budget), a, budget),
            "abs" => value switch { long n => n == long.MinValue ? throw new JinjaException("a number grows beyond 64 bits.") : Math.Abs(n), double d => Math.Abs(d), _ => throw Wrong(name, value) },
            "int" => ToInteger(value, a.Get(0, "default", 0L)),
            "float" => value is TaggedText t ? double.TryParse(t.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var d) ? d : a.Get(0, "default", 0.0) : JinjaValue.Number(value) ?? a.Get(0, "default", 0.0),
            "round" => Math.Round(JinjaValue.Number(value) ?? throw Wrong(name, value), (int)Math.Clamp(JinjaValue.Integer(a.Get(0, "precision", 0L)) ?? 0, 0, 15), MidpointRounding.ToEven),
            "reverse" => value is TaggedText text ? JinjaOperators.Slice(text, null, null, -1, budget) : JinjaMethods.Made(Items(value, budget).AsEnumerable().Reverse(), budget),
            "sort" => Sort(Items(value, budget), a, budget),
            "dictsort" => Sort(JinjaMethods.Items(value as JinjaDict ?? throw Wrong(name, value), budget), new CallValues([a.Get(2, "reverse", false), a.Get(0, "case_sensitive", false), (a.Get(1, "by") as TaggedText)?.Value == "value" ? 1L : 0L], []), budget),
            "unique" => Unique(Items(value, budget), budget),
            "min" => Extreme(Items(value, budget), -1, budget),
            "max" => Extreme(Items(value, budget), 1, budget),
            "sum" => Attribute(Items(value, budget), a.Get(0, "attribute"), budget).Aggregate(a.Get(1, "start", 0L), (sum, x) => JinjaOperators.Apply("+", sum, x, budget)),
            "map" => Map(Items(value, budget), a, budget),
            "select" => Select(Items(value, budget), x => x, a, 0, true, budget),
            "reject" => Select(Items(value, budget), x => x, a, 0, false, budget),
            "selectattr" => Select(Items(value, budget), x => Attribute(x, a.Get(0, "attribute"), budget), a, 1, true, budget),
            "rejectattr" => Select(Items(value, budget), x => Attribute(x, a.Get(0, "attribute"), budget), a, 1, false, budget),
            _ => throw new JinjaException($"the filter '{name}' is not supported."),
        };
    }

    /// <summary>What a loop over the value sees.</summary>
    public static List<object?> Items(object? value, JinjaBudget budget)
    {
        switch (value)
        {
            case List<object?> list: return list;
            case JinjaDict dict: return JinjaMethods.Made(dict.Entries.Keys.Select(k => (object?)TaggedText.Of(k)), budget);
            case JinjaUndefined: return [];
            case TaggedText text:
                budget.Text(32L * text.Length);
                return [.. Enumerable.Range(0, text.Length).Select(i => (object?)text.Slice(i, 1))];
            default: throw new JinjaException($"{JinjaValue.Kind(value)} can not be looped over.");
        }
    }

    private static JinjaException Wrong(string name, object? value) => new($"the filter '{name}' does not go with {JinjaValue.Kind(value)}.");

    private static TaggedText Text(string name, object? value, JinjaBudget budget) => value is null or JinjaFunction or JinjaNamespace ? throw Wrong(name, value) : JinjaValue.Text(value, budget);

    private static int Length(object? value) => value switch
    {
        TaggedText t => t.Length,
        List<object?> l => l.Count,
        JinjaDict d => d.Entries.Count,
        JinjaUndefined => 0,
        _ => throw Wrong("length", value),
    };

    private static object? ToInteger(object? value, object? absent) => value switch
    {
        long or bool => JinjaValue.Integer(value),
        double d => Math.Abs(d) < 9e18 ? (long)d : absent,
        TaggedText t when long.TryParse(t.Value.Trim(), NumberStyles.Integer, CultureInfo.InvariantCulture, out var n) => n,
        TaggedText t when double.TryParse(t.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var d) && Math.Abs(d) < 9e18 => (long)d,
        _ => absent,
    };

    private static JsonStyle Style(CallValues a)
    {
        var indent = JinjaValue.Integer(a.Get(0, "indent"));
        if (indent is < 0 or > 16) throw new JinjaException("tojson: indent must be 0 to 16.");
        var (item, key) = (indent is null ? ", " : ",", ": ");
        if (a.Get(int.MaxValue, "separators") is List<object?> separators)
            (item, key) = separators is [TaggedText i, TaggedText k] ? (i.Value, k.Value) : throw new JinjaException("tojson: separators must be two strings.");
        return new((int?)indent, item, key, JinjaValue.Truth(a.Get(int.MaxValue, "ensure_ascii", false)), JinjaValue.Truth(a.Get(int.MaxValue, "sort_keys", false)), AsPython: false);
    }

    private static TaggedText Indent(TaggedText text, CallValues a, JinjaBudget budget)
    {
        var by = a.Get(0, "width", 4L) switch
        {
            TaggedText t => t,
            var width => TaggedText.Of(new string(' ', (int)Math.Clamp(JinjaValue.Integer(width) ?? throw Wrong("indent", width), 0, 256))),
        };
        var (first, blank) = (JinjaValue.Truth(a.Get(1, "first", false)), JinjaValue.Truth(a.Get(2, "blank", false)));
        var lines = (List<object?>)JinjaMethods.Find(text, "split", budget)!.Call(new CallValues([TaggedText.Of("\n")], []))!;
        return JinjaMethods.Join([.. lines.Cast<TaggedText>().Select((line, i) => (object?)((i > 0 || first) && (line.Length > 0 || blank) ? JinjaOperators.Apply("+", by, line, budget) : line))], TaggedText.Of("\n"), budget);
    }

    private static object? Attribute(object? item, object? path, JinjaBudget budget)
    {
        budget.Step();
        if (path is long index) return item is List<object?> l && index >= 0 && index < l.Count ? l[(int)index] : new JinjaUndefined($"{index}");
        if (path is not TaggedText name) throw new JinjaException("an attribute's name is needed.");
        foreach (var key in name.Value.Split('.'))
            item = item switch
            {
                JinjaDict d when d.Entries.TryGetValue(key, out var found) => found,
                JinjaNamespace n when n.Entries.TryGetValue(key, out var found) => found,
                List<object?> l when int.TryParse(key, out var at) && at >= 0 && at < l.Count => l[at],
                _ => new JinjaUndefined(key),
            };
        return item;
    }

    private static List<object?> Attribute(List<object?> items, object? path, JinjaBudget budget) =>
        path is null ? items : JinjaMethods.Made(items.Select(x => Attribute(x, path, budget)), budget);

    private static List<object?> Map(List<object?> items, CallValues a, JinjaBudget budget)
    {
        if (a.Positional.Count == 0)
            return JinjaMethods.Made(items.Select(x => Attribute(x, a.Get(0, "attribute"), budget) is JinjaUndefined u ? a.Get(int.MaxValue, "default", u) : Attribute(x, a.Get(0, "attribute"), budget)), budget);
        var filter = (a.Positional[0] as TaggedText)?.Value ?? throw new JinjaException("map needs a filter's name.");
        return JinjaMethods.Made(items.Select(x => Apply(filter, x, a with { Positional = [.. a.Positional.Skip(1)] }, budget)), budget);
    }

    private static List<object?> Select(List<object?> items, Func<object?, object?> part, CallValues a, int at, bool wanted, JinjaBudget budget)
    {
        var test = a.Positional.Count > at ? (a.Positional[at] as TaggedText)?.Value ?? throw new JinjaException("a test's name is needed.") : null;
        var rest = new CallValues([.. a.Positional.Skip(at + 1)], []);
        return JinjaMethods.Made(items.Where(x => (test is null ? JinjaValue.Truth(part(x)) : JinjaTests.Holds(test, part(x), rest, budget)) == wanted), budget);
    }

    private static List<object?> Sort(List<object?> items, CallValues a, JinjaBudget budget)
    {
        var keep = JinjaValue.Truth(a.Get(1, "case_sensitive", false));
        var by = a.Get(2, "attribute");
        var order = Comparer<object?>.Create((x, y) => JinjaValue.Compare(x, y, budget, ignoreCase: !keep));
        object? Key(object? x) => by is null ? x : Attribute(x, by, budget);
        try
        {
            return JinjaMethods.Made(JinjaValue.Truth(a.Get(0, "reverse", false)) ? items.OrderByDescending(Key, order) : items.OrderBy(Key, order), budget);
        }
        catch (InvalidOperationException e) when (e.InnerException is JinjaException inner)
        {
            throw inner;
        }
    }

    private static List<object?> Unique(List<object?> items, JinjaBudget budget)
    {
        var unique = new List<object?>();
        foreach (var item in items)
            if (!JinjaOperators.Contains(unique, item, budget)) unique.Add(item);
        return unique;
    }

    private static object? Extreme(List<object?> items, int sign, JinjaBudget budget) =>
        items.Count == 0 ? new JinjaUndefined("max") : items.Aggregate((best, x) => JinjaValue.Compare(x, best, budget) * sign > 0 ? x : best);
}
