using System.Text.Json;
using AlignGuard.Domain.Benchmark;
using AlignGuard.Evaluation.Prompts;

namespace AlignGuard.Evaluation.Benchmark;

/// <summary>How a prompt came by its category.</summary>
public enum CategorySource
{
    /// <summary>The source's own category, mapped by the table.</summary>
    Source,

    /// <summary>Words of the prompt, since the source says nothing that the table knows.</summary>
    Words,

    /// <summary>None of the six.</summary>
    None,
}

/// <summary>
/// From a source's own categories to the six of <see cref="HarmCategory"/>: <c>categories.json</c>. A category that the table maps to null is known to be none of
/// the six. Where a source has no category, or one that the table does not know, the words of the prompt decide: the category with the most of its words in the
/// text, the first of those with as many.
/// </summary>
public sealed class CategoryTable
{
    private const string Any = "*";

    private static readonly Lazy<CategoryTable> Instance = new(Load);

    private readonly Dictionary<string, Dictionary<string, string?>> _sources;
    private readonly IReadOnlyList<(string Category, IReadOnlyList<string[]> Phrases)> _words;

    private CategoryTable(TableFile file)
    {
        _sources = file.Sources.ToDictionary(s => s.Key, s => s.Value.ToDictionary(c => Key(c.Key), c => c.Value));
        _words = [.. HarmCategory.Names.Select(name => (name, (IReadOnlyList<string[]>)[.. file.Words[name].Select(w => w.Split(' '))]))];
        var unknown = file.Sources.Values.SelectMany(s => s.Values).Where(c => c is not null && !HarmCategory.Names.Contains(c)).Distinct().ToList();
        if (unknown.Count > 0) throw new InvalidOperationException($"categories.json maps to {string.Join(", ", unknown)}, which are none of the six.");
    }

    public static CategoryTable Default => Instance.Value;

    /// <summary>The words of every category; of one that stands for all that begin with it, the beginning.</summary>
    public IEnumerable<(string Word, string Category)> Keywords => _words.SelectMany(c => c.Phrases.Select(p => (string.Join(' ', p).Replace("*", "", StringComparison.Ordinal), c.Category)));

    /// <summary>The category of an unsafe prompt; null with <see cref="CategorySource.None"/>.</summary>
    /// <param name="source">The importer's name.</param>
    /// <param name="categories">The source's own, the most telling first.</param>
    public (string? Category, CategorySource By) Of(string source, IReadOnlyList<string> categories, string text)
    {
        var mapped = Mapped(source, categories);
        if (mapped.Known) return (mapped.Category, mapped.Category is null ? CategorySource.None : CategorySource.Source);
        return ByWords(text) is { } category ? (category, CategorySource.Words) : (null, CategorySource.None);
    }

    /// <summary>The category that a safe prompt looks like by its source; null when it looks like none.</summary>
    public string? LooksLike(string source, IReadOnlyList<string> categories) => Mapped(source, categories).Category;

    /// <summary>True when the table says something of one of the source's own categories, be it that it is none of the six.</summary>
    public bool Knows(string source, IReadOnlyList<string> categories) => Mapped(source, categories).Known;

    /// <summary>The first category that is one of the six; else whether at least one is known to be none of them.</summary>
    private (bool Known, string? Category) Mapped(string source, IReadOnlyList<string> categories)
    {
        if (!_sources.TryGetValue(source, out var table)) return (false, null);
        if (table.TryGetValue(Any, out var all)) return (true, all);
        var known = false;
        foreach (var category in categories)
        {
            if (!table.TryGetValue(Key(category), out var mapped)) continue;
            if (mapped is not null) return (true, mapped);
            known = true;
        }
        return (known, null);
    }

    private string? ByWords(string text)
    {
        var words = PromptSet.Normalise(text).Split(' ');
        var (best, most) = ((string?)null, 0);
        foreach (var (category, phrases) in _words)
        {
            var found = phrases.Count(p => Occurs(p, words));
            if (found > most) (best, most) = (category, found);
        }
        return best;
    }

    private static bool Occurs(string[] phrase, string[] words)
    {
        for (var at = 0; at + phrase.Length <= words.Length; at++)
            if (phrase.Index().All(p => Matches(p.Item, words[at + p.Index]))) return true;
        return false;
    }

    /// <summary>A word with <c>*</c> at its end stands for all that begin with it.</summary>
    private static bool Matches(string pattern, string word) => pattern[^1] == '*' ? word.AsSpan().StartsWith(pattern.AsSpan(0, pattern.Length - 1)) : word == pattern;

    private static string Key(string category) => category == Any ? Any : PromptSet.Normalise(category);

    private static CategoryTable Load()
    {
        using var stream = typeof(CategoryTable).Assembly.GetManifestResourceStream("categories.json")
            ?? throw new InvalidOperationException("The embedded resource categories.json is missing from AlignGuard.Evaluation.");
        return new CategoryTable(JsonSerializer.Deserialize<TableFile>(stream, JsonSerializerOptions.Web) ?? throw new InvalidOperationException("The embedded resource categories.json is empty."));
    }

    internal sealed record TableFile(Dictionary<string, Dictionary<string, string?>> Sources, Dictionary<string, IReadOnlyList<string>> Words);
}
