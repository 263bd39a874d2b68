using System.Text;

namespace AlignGuard.Models.Chat.Jinja;

/// <summary>A piece of text and who wrote it: <see cref="TaggedText.Template"/>, or the index of a message.</summary>
internal readonly record struct TextRun(int Length, int Source);

/// <summary>
/// A string that remembers, character by character, whether the template or a message wrote it. So what a user wrote can be told from control tokens after
/// rendering, and an assistant's words can be found in the result.
/// </summary>
internal sealed class TaggedText
{
    /// <summary>The source of what the template itself writes.</summary>
    public const int Template = -1;

    public static readonly TaggedText Empty = new("", []);

    private readonly TextRun[] runs;

    private TaggedText(string value, TextRun[] runs) => (Value, this.runs) = (value, runs);

    public string Value { get; }

    public int Length => Value.Length;

    public IReadOnlyList<TextRun> Runs => runs;

    public static TaggedText Of(string value, int source = Template) => value.Length == 0 ? Empty : new(value, [new(value.Length, source)]);

    public static TaggedText Concat(params IEnumerable<TaggedText> parts)
    {
        var builder = new TaggedTextBuilder();
        foreach (var part in parts) builder.Append(part);
        return builder.ToText();
    }

    public TaggedText Slice(int start, int length)
    {
        if (length <= 0) return Empty;
        if (start == 0 && length == Length) return this;
        var kept = new List<TextRun>();
        var position = 0;
        foreach (var run in runs)
        {
            var from = Math.Max(position, start);
            var to = Math.Min(position + run.Length, start + length);
            if (to > from) kept.Add(new(to - from, run.Source));
            position += run.Length;
        }
        return new(Value.Substring(start, length), [.. kept]);
    }

    /// <summary>Each run changed apart, as by a change of case, which may alter lengths.</summary>
    public TaggedText Map(Func<string, string> change)
    {
        var builder = new TaggedTextBuilder();
        var position = 0;
        foreach (var run in runs)
        {
            builder.Append(change(Value.Substring(position, run.Length)), run.Source);
            position += run.Length;
        }
        return builder.ToText();
    }

    /// <summary>The source of a text made from this one as a whole: the first message that took part, else the template.</summary>
    public int AnySource => runs.FirstOrDefault(r => r.Source != Template, new(0, Template)).Source;

    public override string ToString() => Value;

    internal static TaggedText FromRuns(string value, List<TextRun> runs) => value.Length == 0 ? Empty : new(value, [.. runs]);
}

/// <summary>Joins texts; neighbouring runs of one source become one.</summary>
internal sealed class TaggedTextBuilder
{
    private readonly StringBuilder value = new();
    private readonly List<TextRun> runs = [];

    public int Length => value.Length;

    public void Append(TaggedText text)
    {
        value.Append(text.Value);
        foreach (var run in text.Runs) Add(run);
    }

    public void Append(string text, int source)
    {
        value.Append(text);
        Add(new(text.Length, source));
    }

    public TaggedText ToText() => TaggedText.FromRuns(value.ToString(), runs);

    private void Add(TextRun run)
    {
        if (run.Length == 0) return;
        if (runs.Count > 0 && runs[^1].Source == run.Source) runs[^1] = new(runs[^1].Length + run.Length, run.Source);
        else runs.Add(run);
    }
}
