namespace AlignGuard.Models.Chat.Jinja;

internal static partial class JinjaMethods
{
    private static List<object?> Split(TaggedText text, CallValues arguments, bool fromRight, JinjaBudget budget)
    {
        budget.Text(text.Length);
        var most = JinjaValue.Integer(arguments.Get(1, "maxsplit")) is { } m and >= 0 ? m : long.MaxValue;
        var cuts = new List<(int Start, int Length)>();
        if (arguments.Get(0, "sep") is TaggedText separator)
        {
            if (separator.Length == 0) throw new JinjaException("split() needs a separator that is not empty.");
            for (int at = 0; (at = text.Value.IndexOf(separator.Value, at, StringComparison.Ordinal)) >= 0; at += separator.Length) cuts.Add((at, separator.Length));
        }
        else
        {
            text = Strip(text, null, true, true, budget);
            if (text.Length == 0) return [];
            for (var at = 0; at < text.Length; at++)
            {
                var start = at;
                while (at < text.Length && IsSpace(text.Value[at])) at++;
                if (at > start) cuts.Add((start, at - start));
            }
        }
        if (cuts.Count > most) cuts = fromRight ? cuts[^(int)most..] : cuts[..(int)most];
        budget.Text((16L + text.Runs.Count) * cuts.Count);
        var parts = new List<object?>();
        var done = 0;
        foreach (var (start, length) in cuts)
        {
            parts.Add(text.Slice(done, start - done));
            done = start + length;
        }
        parts.Add(text.Slice(done, text.Length - done));
        return parts;
    }

    private static List<object?> Lines(TaggedText text, JinjaBudget budget)
    {
        var lines = Split(text, new CallValues([TaggedText.Of("\n")], []), false, budget);
        if (lines[^1] is TaggedText { Length: 0 }) lines.RemoveAt(lines.Count - 1);
        return lines;
    }
}
