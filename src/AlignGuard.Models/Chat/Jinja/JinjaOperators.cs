namespace AlignGuard.Models.Chat.Jinja;

/// <summary>Operators on values, with Python's rules.</summary>
internal static class JinjaOperators
{
    public static object? Apply(string op, object? a, object? b, JinjaBudget budget)
    {
        switch (op)
        {
            case "==": return JinjaValue.Same(a, b, budget);
            case "!=": return !JinjaValue.Same(a, b, budget);
            case "<": return JinjaValue.Compare(a, b, budget) < 0;
            case "<=": return JinjaValue.Compare(a, b, budget) <= 0;
            case ">": return JinjaValue.Compare(a, b, budget) > 0;
            case ">=": return JinjaValue.Compare(a, b, budget) >= 0;
            case "in": return Contains(b, a, budget);
            case "~": return Join(JinjaValue.Text(a, budget), JinjaValue.Text(b, budget), budget);
            case "+" when a is TaggedText x && b is TaggedText y: return Join(x, y, budget);
            case "+" when a is List<object?> x && b is List<object?> y:
                budget.Text(x.Count + y.Count);
                return (List<object?>)[.. x, .. y];
            case "*" when a is TaggedText x && b is long n: return Repeat(x, n, budget);
            case "*" when a is long n && b is TaggedText x: return Repeat(x, n, budget);
        }
        return Arithmetic(op, a, b);
    }

    private static TaggedText Join(TaggedText a, TaggedText b, JinjaBudget budget)
    {
        budget.Text(a.Length + b.Length);
        return TaggedText.Concat(a, b);
    }

    private static TaggedText Repeat(TaggedText text, long times, JinjaBudget budget)
    {
        times = Math.Max(0, times);
        budget.Text(text.Length == 0 ? 0 : times > int.MaxValue ? long.MaxValue / 2 : times * text.Length);
        return text.Length == 0 ? text : TaggedText.Concat(Enumerable.Repeat(text, (int)times));
    }

    private static object Arithmetic(string op, object? a, object? b)
    {
        if (JinjaValue.Number(a) is not { } x || JinjaValue.Number(b) is not { } y)
            throw new JinjaException($"'{op}' does not go with {JinjaValue.Kind(a)} and {JinjaValue.Kind(b)}.");
        if (op is "/" or "//" or "%" && y == 0) throw new JinjaException("division by zero.");
        if (JinjaValue.Integer(a) is { } n && JinjaValue.Integer(b) is { } m)
        {
            try
            {
                checked
                {
                    switch (op)
                    {
                        case "+": return n + m;
                        case "-": return n - m;
                        case "*": return n * m;
                        case "//": return m == -1 ? -n : n / m - (n % m != 0 && (n < 0) != (m < 0) ? 1 : 0);
                        case "%": return m == -1 ? 0L : n % m + (n % m != 0 && (n < 0) != (m < 0) ? m : 0);
                        case "**" when m is >= 0 and < 64:
                            var power = 1L;
                            for (var i = 0; i < m; i++) power *= n;
                            return power;
                    }
                }
            }
            catch (OverflowException)
            {
                throw new JinjaException("a number grows beyond 64 bits.");
            }
        }
        return op switch
        {
            "+" => x + y,
            "-" => x - y,
            "*" => x * y,
            "/" => x / y,
            "//" => Math.Floor(x / y),
            "%" => x - Math.Floor(x / y) * y,
            "**" => Math.Pow(x, y),
            _ => throw new JinjaException($"the operator '{op}' is not supported."),
        };
    }

    public static bool Contains(object? container, object? item, JinjaBudget budget)
    {
        switch (container)
        {
            case TaggedText text when item is TaggedText part:
                budget.Text(text.Length);
                return text.Value.Contains(part.Value, StringComparison.Ordinal);
            case List<object?> list:
                foreach (var other in list)
                    if (JinjaValue.Same(other, item, budget)) return true;
                return false;
            case JinjaDict dict: return item is TaggedText key && dict.Entries.ContainsKey(key.Value);
            case JinjaUndefined: return false;
            default: throw new JinjaException($"'in' does not go with {JinjaValue.Kind(item)} and {JinjaValue.Kind(container)}.");
        }
    }

    public static object? Slice(object? value, long? start, long? stop, long? step, JinjaBudget budget)
    {
        var length = value switch
        {
            TaggedText t => t.Length,
            List<object?> l => l.Count,
            _ => throw new JinjaException($"{JinjaValue.Kind(value)} can not be sliced."),
        };
        var by = step ?? 1;
        if (by == 0) throw new JinjaException("a slice's step can not be zero.");
        long Bound(long? at, long absent) => at is not { } a ? absent : Math.Clamp(a < 0 ? a + length : a, by > 0 ? 0 : -1, by > 0 ? length : length - 1);
        var from = Bound(start, by > 0 ? 0 : length - 1);
        var to = Bound(stop, by > 0 ? length : -1);
        budget.Text(length);
        if (value is TaggedText text && by == 1) return text.Slice((int)from, (int)(to - from));
        var places = new List<int>();
        for (var i = from; by > 0 ? i < to : i > to; i += by)
        {
            places.Add((int)i);
            if (Math.Abs(by) > length) break;
        }
        if (value is TaggedText letters)
        {
            budget.Text(16L * places.Count);
            return TaggedText.Concat(places.Select(p => letters.Slice(p, 1)));
        }
        return places.Select(p => ((List<object?>)value!)[p]).ToList();
    }
}
