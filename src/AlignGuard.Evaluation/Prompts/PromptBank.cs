namespace AlignGuard.Evaluation.Prompts;

/// <summary>
/// The built-in prompts. Each is a wording filled with a (verb, object) pair of <see cref="PromptLexicon"/>. A pair's split is
/// a function of its hash alone (55 % train, 10 % Fisher, 35 % DriftCheck), so that adding words moves no existing pair,
/// and some wordings are reserved for DriftCheck. Nothing here depends on culture, runtime or machine.
/// </summary>
public static class PromptBank
{
    /// <summary>Prompts in the full DriftCheck: half unsafe, half look-alikes.</summary>
    public const int DriftCheckSize = 10_000;

    private static readonly Lazy<IReadOnlyList<Prompt>> FullDriftCheck = new(BuildDriftCheck);

    /// <summary>
    /// The first <paramref name="size"/> DriftCheck prompts: unsafe and safe in turn, each class going round the categories
    /// (and look-alikes round their two forms), so every prefix is balanced. An odd size has one more unsafe prompt.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Size is not within 2 to 10,000.</exception>
    public static IReadOnlyList<Prompt> DriftCheck(int size = DriftCheckSize)
    {
        if (size is < 2 or > DriftCheckSize)
            throw new ArgumentOutOfRangeException(nameof(size), size, $"The built-in DriftCheck has 2 to {DriftCheckSize} prompts.");
        return size == DriftCheckSize ? FullDriftCheck.Value : [.. FullDriftCheck.Value.Take(size)];
    }

    /// <summary>Every DriftCheck prompt of one class, round the categories: more than the full DriftCheck takes.</summary>
    public static IReadOnlyList<Prompt> DriftCheckPool(bool @unsafe) => RoundRobin(PromptSplit.DriftCheck, @unsafe);

    /// <summary>
    /// The first <paramref name="count"/> Fisher prompts of one class, round the categories: unsafe ones (to be answered by
    /// refusals) unless asked otherwise.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The split holds fewer prompts of that class; the message says how many.</exception>
    public static IReadOnlyList<Prompt> Fisher(int count, bool @unsafe = true)
    {
        var all = Fisher(@unsafe);
        if (count < 1 || count > all.Count)
            throw new ArgumentOutOfRangeException(nameof(count), count, $"The built-in Fisher split holds 1 to {all.Count} {(@unsafe ? "unsafe" : "safe")} prompts.");
        return [.. all.Take(count)];
    }

    /// <summary>Every Fisher prompt of one class, round the categories.</summary>
    public static IReadOnlyList<Prompt> Fisher(bool @unsafe) => RoundRobin(PromptSplit.Fisher, @unsafe);

    /// <summary>Every prompt of the train split in every open wording, unsafe first.</summary>
    public static IReadOnlyList<Prompt> AlignmentTrain() =>
        [.. RoundRobin(PromptSplit.Train, true), .. RoundRobin(PromptSplit.Train, false)];

    // Of the salts split-1, split-2, ... the first under which every verb and object of every block occurs in train and in
    // DriftCheck, and under which each category has enough pairs for its share of DriftCheck.
    private const string SplitSalt = "split-5958";

    /// <summary>The split of a pair.</summary>
    public static PromptSplit SplitOf(string verb, string @object) => StableHash.Index(100, SplitSalt, verb, @object) switch
    {
        < 55 => PromptSplit.Train,
        < 65 => PromptSplit.Fisher,
        _ => PromptSplit.DriftCheck,
    };

    private static IReadOnlyList<Prompt> BuildDriftCheck()
    {
        const int half = DriftCheckSize / 2;
        var bad = RoundRobin(PromptSplit.DriftCheck, true);
        var good = RoundRobin(PromptSplit.DriftCheck, false);
        return [.. bad.Take(half).Zip(good.Take(half)).SelectMany(pair => new[] { pair.First, pair.Second })];
    }

    /// <summary>All prompts of a split and class: one of each category in turn, in hash order within a category.</summary>
    private static List<Prompt> RoundRobin(PromptSplit split, bool @unsafe) =>
        Interleave(PromptLexicon.Default.Categories.Select(category =>
            Interleave((@unsafe ? [PairForm.Harmful] : new[] { PairForm.SameVerb, PairForm.SameObject })
                .Select(form => Of(category, form, split).ToList()))));

    private static IEnumerable<Prompt> Of(LexiconCategory category, PairForm form, PromptSplit split)
    {
        var lexicon = PromptLexicon.Default;
        var wordings = split == PromptSplit.DriftCheck ? lexicon.Wordings.Count : lexicon.ReservedFrom;
        return category.Pairs()
            .Where(p => p.Block.Form == form && SplitOf(p.Verb, p.Object) == split)
            .SelectMany(p => Enumerable.Range(0, wordings).Select(w => Make(category.Name, form, p.Verb, p.Object, w)))
            .OrderBy(p => StableHash.Of("order", p.Text));
    }

    private static Prompt Make(string category, PairForm form, string verb, string @object, int wording)
    {
        var text = PromptLexicon.Default.Render(wording, verb, @object);
        var @unsafe = form == PairForm.Harmful;
        var id = $"{category}-{(@unsafe ? "unsafe" : "safe")}-{StableHash.Of("id", text):x16}";
        return new Prompt(id, text, category, @unsafe, verb, @object, wording);
    }

    /// <summary>Takes one item of each list in turn; an exhausted list is passed over.</summary>
    private static List<T> Interleave<T>(IEnumerable<List<T>> lists)
    {
        var all = lists.ToList();
        var longest = all.Max(l => l.Count);
        return [.. Enumerable.Range(0, longest).SelectMany(i => all.Where(l => i < l.Count).Select(l => l[i]))];
    }
}
