namespace AlignGuard.Pipeline.Demo;

/// <summary>The words of the curriculum (<c>curriculum.json</c>).</summary>
internal sealed record CurriculumData(
    CurriculumData.RefusalWords Refusals,
    IReadOnlyDictionary<string, CurriculumData.Theme> Themes,
    IReadOnlyList<CurriculumData.Group> General,
    IReadOnlyDictionary<string, string> Capitals,
    IReadOnlyDictionary<string, string> Opposites,
    IReadOnlyDictionary<string, string> Sounds,
    IReadOnlyDictionary<string, string> Colours,
    IReadOnlyList<string> Household,
    IReadOnlyDictionary<string, IReadOnlyList<string>> Categories,
    IReadOnlyDictionary<string, IReadOnlyList<string>> Sequences,
    CurriculumData.ReviewWords Review,
    CurriculumData.ChatWords Chat)
{
    private static readonly Lazy<CurriculumData> Instance = new(() => EmbeddedJson.Load<CurriculumData>("curriculum.json"));

    public static CurriculumData Default => Instance.Value;

    internal sealed record RefusalWords(IReadOnlyList<string> Openings, IReadOnlyDictionary<string, string> Reasons);

    internal sealed record Theme(IReadOnlyList<string> Prep, IReadOnlyList<string> Step, IReadOnlyList<string> Check);

    internal sealed record Group(string Theme, IReadOnlyList<string> Verbs, IReadOnlyList<string> Objects);

    internal sealed record ReviewWords(
        IReadOnlyList<string> Nouns, IReadOnlyList<string> Positive, IReadOnlyList<string> Negative, IReadOnlyList<string> Sentences);

    internal sealed record ChatWords(IReadOnlyList<string> Greetings, IReadOnlyDictionary<string, string> Questions);
}
