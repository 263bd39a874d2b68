using System.Globalization;
using System.Text;

namespace AlignGuard.Models.Chat.Jinja;

/// <param name="Indent">Spaces per level; null: all on one line.</param>
/// <param name="AsPython">Python's way to show a value in place of JSON.</param>
internal sealed record JsonStyle(int? Indent, string Item, string Key, bool EnsureAscii, bool SortKeys, bool AsPython);

/// <summary>The <c>tojson</c> filter, as Python's <c>json.dumps</c> with ensure_ascii off writes it.</summary>
internal static class JinjaJson
{
    public static readonly JsonStyle Plain = new(null, ", ", ": ", EnsureAscii: false, SortKeys: false, AsPython: false);

    public static readonly JsonStyle Python = Plain with { AsPython = true };

    public static TaggedText Write(object? value, JsonStyle style, JinjaBudget budget)
    {
        var output = new TaggedTextBuilder();
        Write(value, style, budget, output, 0);
        return output.ToText();
    }

    private static void Write(object? value, JsonStyle style, JinjaBudget budget, TaggedTextBuilder output, int level)
    {
        budget.Enter();
        switch (value)
        {
            case TaggedText text:
                var written = Quote(text.Value, style);
                budget.Text(written.Length);
                output.Append(written, text.AnySource);
                break;
            case List<object?> list:
                Items(list, '[', ']', style, output, level, item => Write(item, style, budget, output, level + 1));
                break;
            case JinjaDict dict:
                IEnumerable<KeyValuePair<string, object?>> entries = style.SortKeys ? dict.Entries.OrderBy(e => e.Key, StringComparer.Ordinal) : dict.Entries;
                Items([.. entries], '{', '}', style, output, level, entry =>
                {
                    budget.Text(entry.Key.Length);
                    output.Append(Quote(entry.Key, style) + style.Key, TaggedText.Template);
                    Write(entry.Value, style, budget, output, level + 1);
                });
                break;
            case JinjaUndefined when !style.AsPython: throw new JinjaException($"{JinjaValue.Kind(value)} can not be written as JSON.");
            case JinjaFunction or JinjaNamespace: throw new JinjaException($"{JinjaValue.Kind(value)} can not be written as JSON.");
            default:
                output.Append(value switch
                {
                    null or JinjaUndefined => style.AsPython ? "None" : "null",
                    bool b => style.AsPython ? b ? "True" : "False" : b ? "true" : "false",
                    double d => JinjaValue.Float(d),
                    _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
                }, TaggedText.Template);
                break;
        }
        budget.Leave();
    }

    private static void Items<T>(List<T> items, char open, char close, JsonStyle style, TaggedTextBuilder output, int level, Action<T> write)
    {
        var indent = style.Indent is { } width && items.Count > 0 ? "\n" + new string(' ', width * (level + 1)) : "";
        output.Append(open + indent, TaggedText.Template);
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0) output.Append(style.Item + indent, TaggedText.Template);
            write(items[i]);
        }
        output.Append((indent.Length > 0 ? "\n" + new string(' ', style.Indent!.Value * level) : "") + close, TaggedText.Template);
    }

    private static string Quote(string text, JsonStyle style)
    {
        var quote = style.AsPython ? text.Contains('\'') && !text.Contains('"') ? '"' : '\'' : '"';
        var quoted = new StringBuilder().Append(quote);
        foreach (var c in text)
        {
            if (c == quote || c == '\\') quoted.Append('\\').Append(c);
            else if (c == '\n') quoted.Append("\\n");
            else if (c == '\r') quoted.Append("\\r");
            else if (c == '\t') quoted.Append("\\t");
            else if (c == '\b' && !style.AsPython) quoted.Append("\\b");
            else if (c == '\f' && !style.AsPython) quoted.Append("\\f");
            else if (c < ' ' || (style.EnsureAscii && c > '~')) quoted.Append(CultureInfo.InvariantCulture, $"{(style.AsPython ? "\\x" : "\\u00")[..2]}{(style.AsPython ? $"{(int)c:x2}" : $"{(int)c:x4}")}");
            else quoted.Append(c);
        }
        return quoted.Append(quote).ToString();
    }
}
