using System.Globalization;
using AlignGuard.Domain.Spec;
using Microsoft.FSharp.Collections;

namespace AlignGuard.Evaluation.Judging.Files;

/// <summary>Typed look-ups in the keys of a judge's file. What is wrong is collected, each with file, line and key, in place of stopping at the first.</summary>
internal sealed class JudgeKeys(string source, string group, Place place, IEnumerable<Entry> entries, List<Problem> problems)
{
    private readonly Dictionary<string, Entry> entries = entries.ToDictionary(e => e.Name, StringComparer.Ordinal);

    /// <summary>Folder of the file: relative paths begin there.</summary>
    private readonly string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(source))!;

    public bool Has(string key) => entries.ContainsKey(key);

    /// <summary>Reports every key that is none of these.</summary>
    public void Only(params string[] known)
    {
        foreach (var entry in entries.Values.Where(e => !known.Contains(e.Name, StringComparer.Ordinal)))
        {
            var nearest = Nearest.value(entry.Name, ListModule.OfSeq(known))?.Value;
            Add(entry.At, Path(entry.Name), "unknown key.", nearest is null ? $"It takes {string.Join(", ", known)}." : $"Did you mean {Path(nearest)}?");
        }
    }

    public string? Text(string key, string expects, bool required = false)
    {
        if (!entries.TryGetValue(key, out var entry))
        {
            if (required) Add(place, Path(key), "the key is missing.", $"Give {expects}.");
            return null;
        }
        if (entry.Value is Node.Scalar { text.Length: > 0 } scalar && !entry.Value.IsNull) return scalar.text;
        Refuse(key, $"{expects} is needed, not {Found(entry.Value)}.");
        return null;
    }

    /// <summary>One text, or a list of some.</summary>
    public IReadOnlyList<string>? Texts(string key, string expects)
    {
        if (!entries.TryGetValue(key, out var entry)) return null;
        if (entry.Value is not Node.List list) return Text(key, expects) is { } one ? [one] : null;
        var texts = list.items.Select(item => item is Node.Scalar { text.Length: > 0 } scalar && !item.IsNull ? scalar.text : null).ToList();
        if (texts.Count == 0 || texts.Contains(null)) Refuse(key, $"{expects}, or a list of such, is needed.");
        else if (texts.Distinct(StringComparer.Ordinal).Count() < texts.Count) Refuse(key, "one is listed twice.");
        else return texts!;
        return null;
    }

    public double Number(string key, double otherwise, double low, double high, bool above = false)
    {
        if (Text(key, "a number") is not { } text) return otherwise;
        if (double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number)
            && (above ? number > low : number >= low) && number <= high) return number;
        Refuse(key, string.Create(CultureInfo.InvariantCulture, $"a number {(above ? "above" : "of at least")} {low}{(double.IsInfinity(high) ? "" : $" and of at most {high}")} is needed, not '{Clip(text)}'."));
        return otherwise;
    }

    public int Whole(string key, int otherwise, int low, int high)
    {
        if (Text(key, "an integer") is not { } text) return otherwise;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= low && number <= high) return number;
        Refuse(key, $"an integer from {low} to {high} is needed, not '{Clip(text)}'.");
        return otherwise;
    }

    public bool Flag(string key)
    {
        if (Text(key, "true or false") is not { } text) return false;
        if (text is not ("true" or "false")) Refuse(key, $"true or false is needed, not '{Clip(text)}'.");
        return text == "true";
    }

    /// <summary>One of some words; null where the key is absent or wrong.</summary>
    public string? Choice(string key, params string[] words)
    {
        if (Text(key, $"one of {string.Join(", ", words)}") is not { } text) return null;
        if (words.Contains(text, StringComparer.Ordinal)) return text;
        var nearest = Nearest.value(text, ListModule.OfSeq(words))?.Value;
        Refuse(key, $"'{Clip(text)}' is none of {string.Join(", ", words)}.", nearest is null ? "" : $"Did you mean {nearest}?");
        return null;
    }

    /// <summary>A path, made absolute: relative ones begin at the folder of this file, <c>~/</c> at home.</summary>
    public string? FullPath(string key, string expects, bool required = false)
    {
        if (Text(key, expects, required) is not { } path) return null;
        if (path.StartsWith("~/", StringComparison.Ordinal)) path = System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), path[2..]);
        return System.IO.Path.GetFullPath(path, folder);
    }

    public JudgeKeys? Group(string key, string example)
    {
        if (!entries.TryGetValue(key, out var entry)) return null;
        if (entry.Value is Node.Group inner) return new JudgeKeys(source, Path(key), entry.At, inner.entries, problems);
        Refuse(key, $"a group of keys is needed, not {Found(entry.Value)}.", $"Write e.g. {example}.");
        return null;
    }

    /// <summary>Something wrong with the value of a key, or with the file where the key is absent.</summary>
    public void Refuse(string key, string message, string hint = "") => Add(entries.TryGetValue(key, out var entry) ? entry.At : place, Path(key), message, hint);

    private void Add(Place at, string path, string message, string hint) =>
        problems.Add(new Problem(source, path, at.Line, at.Column, message, hint));

    private string Path(string key) => group.Length == 0 ? key : $"{group}.{key}";

    private static string Found(Node value) => value.IsNull ? "nothing" : value.Kind;

    private static string Clip(string text) => text.Length <= 40 ? text : text[..37] + "...";
}
