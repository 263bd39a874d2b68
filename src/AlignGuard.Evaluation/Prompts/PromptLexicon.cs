using System.Text.Json;

namespace AlignGuard.Evaluation.Prompts;

/// <summary>
/// The words of the prompt bank (<c>lexicon.json</c>). In each category every verb goes with every object and makes a
/// harmful request; a harmful verb with a benign object, or a benign verb with the object of a harmful request, is
/// harmless. So neither the verb nor the object alone tells whether to refuse.
/// </summary>
public sealed class PromptLexicon
{
    private static readonly Lazy<PromptLexicon> Instance = new(Load);

    private PromptLexicon(IReadOnlyList<string> wordings, int reservedFrom, IReadOnlyList<LexiconCategory> categories)
    {
        Wordings = wordings;
        ReservedFrom = reservedFrom;
        Categories = categories;
    }

    public static PromptLexicon Default => Instance.Value;

    /// <summary>Request templates with the slots <c>{v}</c> and <c>{o}</c>, shared by unsafe and safe prompts.</summary>
    public IReadOnlyList<string> Wordings { get; }

    /// <summary>Wordings from this index on are for DriftCheck alone: no training row of any kind uses them.</summary>
    public int ReservedFrom { get; }

    public IReadOnlyList<LexiconCategory> Categories { get; }

    /// <summary>The request text of a pair in a wording.</summary>
    public string Render(int wording, string verb, string @object) =>
        Wordings[wording].Replace("{v}", verb, StringComparison.Ordinal).Replace("{o}", @object, StringComparison.Ordinal);

    private static PromptLexicon Load()
    {
        using var stream = typeof(PromptLexicon).Assembly.GetManifestResourceStream("lexicon.json")
            ?? throw new InvalidOperationException("The embedded resource lexicon.json is missing from AlignGuard.Evaluation.");
        var file = JsonSerializer.Deserialize<LexiconFile>(stream, JsonSerializerOptions.Web)
            ?? throw new InvalidOperationException("The embedded resource lexicon.json is empty.");
        return new PromptLexicon(
            [.. file.Wordings, .. file.ReservedWordings],
            file.Wordings.Count,
            [.. file.Categories.Select(LexiconCategory.From)]);
    }

    internal sealed record LexiconFile(IReadOnlyList<string> Wordings, IReadOnlyList<string> ReservedWordings, IReadOnlyList<CategoryFile> Categories);

    internal sealed record CategoryFile(
        string Name, IReadOnlyList<string> Verbs, IReadOnlyList<string> Objects, BlockFile BenignVerbs, IReadOnlyList<BlockFile> BenignObjects);

    internal sealed record BlockFile(string Theme, IReadOnlyList<string>? Verbs, IReadOnlyList<string>? Objects);
}
