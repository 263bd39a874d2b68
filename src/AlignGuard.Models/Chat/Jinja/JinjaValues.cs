using System.Globalization;

namespace AlignGuard.Models.Chat.Jinja;

// Values are: null (none), bool, long, double, TaggedText, List<object?>, JinjaDict, JinjaNamespace, JinjaFunction, JinjaUndefined.

/// <summary>What is not there: writes as nothing, and is false.</summary>
internal sealed record JinjaUndefined(string Name);

/// <summary>A mapping, in the order of its making.</summary>
internal sealed class JinjaDict
{
    public OrderedDictionary<string, object?> Entries { get; } = new(StringComparer.Ordinal);

    public static JinjaDict Of(params (string Key, object? Value)[] entries)
    {
        var dict = new JinjaDict();
        foreach (var (key, value) in entries) dict.Entries[key] = value;
        return dict;
    }
}

/// <summary>What <c>namespace()</c> makes: the one thing that a loop can change for the outside.</summary>
internal sealed class JinjaNamespace
{
    public Dictionary<string, object?> Entries { get; } = new(StringComparer.Ordinal);
}

/// <summary>Given arguments, evaluated.</summary>
internal sealed record CallValues(IReadOnlyList<object?> Positional, IReadOnlyList<(string Name, object? Value)> Named)
{
    /// <summary>By place or by name; <paramref name="absent"/> when it was not given.</summary>
    public object? Get(int index, string name, object? absent = null)
    {
        if (index < Positional.Count) return Positional[index];
        foreach (var (given, value) in Named)
            if (given == name) return value;
        return absent;
    }
}

internal sealed record JinjaFunction(string Name, Func<CallValues, object?> Call);

/// <summary>Python's view of values: truth, equality, order, text.</summary>
internal static class JinjaValue
{
    public static bool Truth(object? value) => value switch
    {
        null or JinjaUndefined => false,
        bool b => b,
        long n => n != 0,
        double d => d != 0,
        TaggedText t => t.Length > 0,
        List<object?> list => list.Count > 0,
        JinjaDict dict => dict.Entries.Count > 0,
        _ => true,
    };

    public static string Kind(object? value) => value switch
    {
        null => "none",
        JinjaUndefined u => $"undefined ('{u.Name}')",
        bool => "a boolean",
        long or double => "a number",
        TaggedText => "a string",
        List<object?> => "a list",
        JinjaDict => "a mapping",
        JinjaNamespace => "a namespace",
        _ => "a function",
    };

    public static double? Number(object? value) => value switch { long n => n, double d => d, bool b => b ? 1 : 0, _ => null };

    public static long? Integer(object? value) => value switch { long n => n, bool b => b ? 1 : 0, _ => null };

    public static bool Same(object? a, object? b, JinjaBudget budget)
    {
        budget.Enter();
        try
        {
            switch (a, b)
            {
                case (TaggedText x, TaggedText y):
                    budget.Text(Math.Min(x.Length, y.Length));
                    return x.Value == y.Value;
                case (List<object?> x, List<object?> y):
                    if (x.Count != y.Count) return false;
                    for (var i = 0; i < x.Count; i++)
                        if (!Same(x[i], y[i], budget)) return false;
                    return true;
                case (JinjaDict x, JinjaDict y):
                    return x.Entries.Count == y.Entries.Count && x.Entries.All(e => y.Entries.TryGetValue(e.Key, out var other) && Same(e.Value, other, budget));
                case (JinjaUndefined, JinjaUndefined): return true;
                default: return Number(a) is { } n && Number(b) is { } m ? n.Equals(m) : Equals(a, b);
            }
        }
        finally
        {
            budget.Leave();
        }
    }

    /// <exception cref="JinjaException">The two have no order.</exception>
    public static int Compare(object? a, object? b, JinjaBudget budget, bool ignoreCase = false)
    {
        if (Number(a) is { } n && Number(b) is { } m) return n.CompareTo(m);
        if (a is TaggedText x && b is TaggedText y)
        {
            budget.Text(Math.Min(x.Length, y.Length));
            return ignoreCase ? string.CompareOrdinal(x.Value.ToLowerInvariant(), y.Value.ToLowerInvariant()) : string.CompareOrdinal(x.Value, y.Value);
        }
        if (a is List<object?> p && b is List<object?> q)
        {
            for (var i = 0; i < Math.Min(p.Count, q.Count); i++)
                if (Compare(p[i], q[i], budget, ignoreCase) is var order and not 0) return order;
            return p.Count.CompareTo(q.Count);
        }
        throw new JinjaException($"{Kind(a)} and {Kind(b)} have no order.");
    }

    /// <summary>As Python's <c>str</c> writes it.</summary>
    public static TaggedText Text(object? value, JinjaBudget budget) => value switch
    {
        TaggedText t => t,
        null => TaggedText.Of("None"),
        JinjaUndefined => TaggedText.Empty,
        bool b => TaggedText.Of(b ? "True" : "False"),
        long n => TaggedText.Of(n.ToString(CultureInfo.InvariantCulture)),
        double d => TaggedText.Of(Float(d)),
        List<object?> or JinjaDict => JinjaJson.Write(value, JinjaJson.Python, budget),
        _ => throw new JinjaException($"{Kind(value)} has no text."),
    };

    public static string Float(double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        return text.AsSpan().ContainsAny('.', 'E', 'N') || double.IsInfinity(value) ? text : text + ".0";
    }
}
