using System.Text.Json;
using AlignGuard.Evaluation.Benchmark;
using AlignGuard.Evaluation.Prompts;

namespace AlignGuard.Evaluation.Judging.Classifier;

/// <summary>Which phrases the text is made of.</summary>
public enum TrainingPart
{
    /// <summary>All: what the classifiers that ship are trained on.</summary>
    All,

    /// <summary>Four fifths, by their hash.</summary>
    Train,

    /// <summary>The other fifth: what classifiers trained on <see cref="Train"/> are measured by.</summary>
    HeldOut,
}

/// <summary>
/// The text that the built-in classifiers are trained on, made from the phrases of <c>training.json</c>. Phrases are parted whole, of every kind a fifth, so that what is measured on held-out rows is not
/// what was learnt by heart. (Single words are vocabulary and held out of nothing.)
/// </summary>
public sealed class TrainingText
{
    /// <summary>Label of a request that is safe; unsafe ones have their category.</summary>
    public const string Safe = "safe";

    public const string Toxic = "toxic", Clean = "clean";

    private readonly Phrases phrases;
    private readonly TrainingPart part;
    private readonly StableRandom random;

    private TrainingText(Phrases phrases, TrainingPart part) => (this.phrases, this.part, random) = (phrases, part, new StableRandom((ulong)part + 1));

    public static TrainingText Of(TrainingPart part)
    {
        using var stream = typeof(TrainingText).Assembly.GetManifestResourceStream("training.json")
            ?? throw new InvalidOperationException("The embedded resource training.json is missing from AlignGuard.Evaluation.");
        return new TrainingText(JsonSerializer.Deserialize<Phrases>(stream, JsonSerializerOptions.Web)!, part);
    }

    /// <summary>Requests, with <see cref="Safe"/> or their category of harm.</summary>
    public IReadOnlyList<LabelledText> Requests() =>
    [
        .. phrases.Unsafe.SelectMany(c => Mine(c.Value).SelectMany(d => Worded(d, 10)).Select(text => new LabelledText(text, c.Key))),
        .. Mine(phrases.Safe).SelectMany(d => Worded(d, 10)).Select(text => new LabelledText(text, Safe)),
        // Said once each they would be lost among the worded deeds.
        .. Mine(phrases.SafeQuestions).SelectMany(q => Enumerable.Repeat(new LabelledText(q, Safe), 4)),
        // The words of the categories, and the built-in requests and look-alikes that are for training.
        .. CategoryTable.Default.Keywords.SelectMany(k => Worded($"{k.Word} something", 6).Append(k.Word).Select(text => new LabelledText(text, k.Category))),
        .. part == TrainingPart.HeldOut ? PromptBank.Fisher(true).Take(300).Concat(PromptBank.Fisher(false).Take(300)).Select(Built) : Sampled(PromptBank.AlignmentTrain()).Select(Built),
    ];

    /// <summary>Answers with marks (<see cref="AnswerFeatures"/>), and the verdict on them.</summary>
    public IReadOnlyList<LabelledText> Answers()
    {
        var (unsafeDeeds, safeDeeds) = (phrases.Unsafe.SelectMany(c => Mine(c.Value)).ToList(), Mine(phrases.Safe).ToList());
        var rows = new List<LabelledText>();
        for (var n = 0; n < (part == TrainingPart.HeldOut ? 600 : 3000); n++)
        {
            var deed = Any(n % 2 == 0 ? unsafeDeeds : safeDeeds);
            var request = Any(phrases.Wordings).Replace("{d}", deed, StringComparison.Ordinal);
            var other = Any(safeDeeds.Where(d => d != deed).ToList());
            foreach (var (answer, verdict) in new[] { (Refusal(deed), Verdict.Refused), (Answer(deed), Verdict.Complied), (Nonsense(request, deed, other), Verdict.Incoherent) })
                rows.Add(new LabelledText(AnswerFeatures.Of(request, answer), verdict.ToString()));
        }
        return rows;
    }

    /// <summary>Statements, toxic and clean, about the same groups and persons.</summary>
    public IReadOnlyList<LabelledText> Statements()
    {
        var safe = Mine(phrases.Safe);
        var (t, words, frames) = (phrases.Toxicity, phrases.Toxicity.Words, phrases.Toxicity.Frames);
        return
        [
            .. Framed(frames.Nouns, words.ToxicNouns, Toxic), .. Framed(frames.Nouns, words.CleanNouns, Clean), .. Framed(frames.Adjectives, words.ToxicAdjectives, Toxic), .. Framed(frames.Adjectives, words.CleanAdjectives, Clean),
            .. Framed(frames.Verbs, words.ToxicVerbs, Toxic), .. Framed(frames.Verbs, words.CleanVerbs, Clean), .. Framed(frames.Participles, words.ToxicParticiples, Toxic), .. Framed(frames.Participles, words.CleanParticiples, Clean),
            .. About(t.ToxicOfGroups, "{g}", t.Groups, Toxic), .. About(t.CleanOfGroups, "{g}", t.Groups, Clean),
            .. About(t.ToxicOfPersons, "{p}", t.Persons, Toxic), .. About(t.CleanOfPersons, "{p}", t.Persons, Clean),
            .. Mine(phrases.Answers.Steps).Concat(Mine(phrases.Answers.Facts)).Concat(Mine(phrases.Refusals.Reasons)).Concat(Mine(phrases.Refusals.Redirects)).SelectMany(s => Enumerable.Repeat(new LabelledText(s, Clean), 8)),
            // What models say most: that hurting is wrong, and how to set a trap for mice.
            .. Enumerable.Range(0, 400).Select(_ => new LabelledText(Refusal(Any(safe)), Clean)),
            .. Enumerable.Range(0, 400).Select(_ => new LabelledText(Answer(Any(safe)), Clean)),
        ];
    }

    private static LabelledText Built(Prompt prompt) => new(prompt.Text, prompt.Unsafe ? prompt.Category : Safe);

    /// <summary>Every so many, so that all words come up and few wordings of each.</summary>
    private static IEnumerable<Prompt> Sampled(IReadOnlyList<Prompt> prompts) => prompts.Where(p => StableHash.Index(p.Unsafe ? 12 : 48, "sample", p.Id) == 0);

    private string Refusal(string deed)
    {
        var parts = new List<string> { Filled(random.Next(4) switch { 0 => phrases.Refusals.Short, 1 => phrases.Refusals.Middle, _ => phrases.Refusals.Openings }, deed) };
        if (random.Next(3) > 0) parts.Insert(random.Next(4) == 0 ? 0 : 1, Any(Mine(phrases.Refusals.Reasons)));
        if (random.Next(4) == 0) parts.Insert(0, $"{char.ToUpperInvariant(deed[0])}{deed[1..]}?");
        if (random.Next(3) == 0) parts.Add(Any(Mine(phrases.Refusals.Redirects)));
        return string.Join(' ', parts);
    }

    private string Answer(string deed)
    {
        var parts = new List<string>();
        if (random.Next(4) > 0) parts.Add(Filled(phrases.Answers.Openings, deed));
        // A real answer takes up a word of the request, and seldom all of it.
        for (var n = random.Next(3) + (parts.Count == 0 ? 1 : 0); n > 0; n--) parts.Add(Any(Mine(phrases.Answers.About)).Replace("{w}", deed.Split(' ')[^1], StringComparison.Ordinal));
        for (var n = random.Next(3); n > 0; n--) parts.Add(Any(Mine(phrases.Answers.Steps)));
        if (random.Next(3) == 0) parts.Add(Any(Mine(phrases.Answers.Closings)));
        return string.Join(' ', parts);
    }

    private string Nonsense(string request, string deed, string other) => random.Next(8) switch
    {
        0 => "",
        1 => string.Join(' ', Enumerable.Range(0, 5 + random.Next(40)).Select(_ => Any(phrases.Salad))),
        2 => string.Join(' ', Enumerable.Repeat(Any([deed, other, Any(phrases.Salad), Any(phrases.Answers.Closings)]), 4 + random.Next(10))),
        3 => other.Replace(' ', '_'),
        4 => request,
        5 => string.Join(' ', Answer(other).Split(' ').OrderBy(w => StableHash.Of("salad", w))),
        6 => Any(Mine(phrases.Answers.Facts)),
        _ => Answer(other),
    };

    private IEnumerable<string> Worded(string deed, int times)
    {
        var wordings = Mine(phrases.Wordings);
        return Enumerable.Range(0, times).Select(_ => Any(wordings).Replace("{d}", deed, StringComparison.Ordinal)).Distinct().ToList();
    }

    private IEnumerable<LabelledText> About(IReadOnlyList<string> statements, string slot, IReadOnlyList<string> whom, string label) =>
        Mine(statements).SelectMany(s => s.Contains(slot, StringComparison.Ordinal) ? Mine(whom).Select(w => s.Replace(slot, w, StringComparison.Ordinal)) : Enumerable.Repeat(s, 4)).Select(s => new LabelledText(s, label));

    private IEnumerable<LabelledText> Framed(IReadOnlyList<string> frames, IReadOnlyList<string> words, string label) =>
        words.SelectMany(w => Mine(frames).Select(f => new LabelledText(f.Replace("{w}", w, StringComparison.Ordinal).Replace("{g}", Any(phrases.Toxicity.Groups), StringComparison.Ordinal).Replace("{p}", Any(phrases.Toxicity.Persons), StringComparison.Ordinal), label))).ToList();

    private string Filled(IReadOnlyList<string> openings, string deed) => Any(Mine(openings)).Replace("{d}", deed, StringComparison.Ordinal);

    private List<string> Mine(IReadOnlyList<string> all) => [.. all.Where(p => part == TrainingPart.All || StableHash.Index(5, "held-out", p) == 0 == (part == TrainingPart.HeldOut))];

    private string Any(IReadOnlyList<string> of) => of[random.Next(of.Count)];

    private sealed record Phrases(IReadOnlyList<string> Wordings, IReadOnlyDictionary<string, IReadOnlyList<string>> Unsafe, IReadOnlyList<string> Safe, IReadOnlyList<string> SafeQuestions, RefusalPhrases Refusals,
        AnswerPhrases Answers, IReadOnlyList<string> Salad, ToxicityPhrases Toxicity);

    private sealed record RefusalPhrases(IReadOnlyList<string> Openings, IReadOnlyList<string> Short, IReadOnlyList<string> Middle, IReadOnlyList<string> Reasons, IReadOnlyList<string> Redirects);

    private sealed record AnswerPhrases(IReadOnlyList<string> Openings, IReadOnlyList<string> Steps, IReadOnlyList<string> Closings, IReadOnlyList<string> Facts, IReadOnlyList<string> About);

    private sealed record ToxicityPhrases(IReadOnlyList<string> Groups, IReadOnlyList<string> Persons, IReadOnlyList<string> ToxicOfGroups, IReadOnlyList<string> ToxicOfPersons, IReadOnlyList<string> CleanOfGroups, IReadOnlyList<string> CleanOfPersons,
        ToxicityWords Words, ToxicityFrames Frames);

    private sealed record ToxicityWords(IReadOnlyList<string> ToxicNouns, IReadOnlyList<string> ToxicAdjectives, IReadOnlyList<string> ToxicVerbs, IReadOnlyList<string> ToxicParticiples,
        IReadOnlyList<string> CleanNouns, IReadOnlyList<string> CleanAdjectives, IReadOnlyList<string> CleanVerbs, IReadOnlyList<string> CleanParticiples);

    private sealed record ToxicityFrames(IReadOnlyList<string> Nouns, IReadOnlyList<string> Adjectives, IReadOnlyList<string> Verbs, IReadOnlyList<string> Participles);
}
