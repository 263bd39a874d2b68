using AlignGuard.Evaluation.Prompts;

namespace AlignGuard.Pipeline.Demo;

/// <summary>Skills over combinations of known parts. Held out: about 15 % of the combinations in every wording, or one wording of each.</summary>
internal static class CombinationSkills
{
    private static readonly CurriculumData Data = CurriculumData.Default;

    /// <summary>Single-digit sums: a table to know by heart. Held out: for each sum one wording, as with facts.</summary>
    public static SkillRows Sums() => SkillRows.Part(
        from a in Enumerable.Range(0, 10)
        from b in Enumerable.Range(0, 10)
        from wording in SumWordings.Index()
        select (a, b, wording),
        q => q.wording.Index == StableHash.Index(SumWordings.Length, "held-out wording", Skill.Sum, $"{q.a}", $"{q.b}"),
        q => new ChatRow(Numbers(q.wording.Item, q.a, q.b), $"{q.a} plus {q.b} is {q.a + q.b}.", Skill.Sum));

    private static readonly string[] SumWordings = ["What is {a} plus {b}?", "How much is {a} plus {b}?", "Add {a} and {b}.", "Tell me the sum of {a} and {b}."];

    /// <summary>Which of two numbers below 10 is bigger or smaller. Held out: for each question one wording, as with facts.</summary>
    public static SkillRows Comparisons() => SkillRows.Part(
        from a in Enumerable.Range(0, 10)
        from b in Enumerable.Range(0, 10)
        where a != b
        from relation in new[] { "bigger", "smaller" }
        from wording in CompareWordings.Index()
        select (a, b, relation, wording),
        q => q.wording.Index == StableHash.Index(CompareWordings.Length, "held-out wording", Skill.Compare, q.relation, $"{q.a}", $"{q.b}"),
        q => new ChatRow(
            Numbers(q.wording.Item, q.a, q.b).Replace("{r}", q.relation, StringComparison.Ordinal),
            $"{(q.relation == "bigger" ? Math.Max(q.a, q.b) : Math.Min(q.a, q.b))} is {q.relation}.",
            Skill.Compare));

    private static readonly string[] CompareWordings = ["Which is {r}, {a} or {b}?", "Which number is {r}: {a} or {b}?", "Tell me which is {r}, {a} or {b}.", "Of {a} and {b}, which is {r}?"];

    /// <summary>Whether a thing belongs to a category. Held out: for each (thing, category) one wording, as with facts.</summary>
    public static SkillRows Categories() => SkillRows.Part(
        from own in Data.Categories
        from item in own.Value
        from asked in Data.Categories.Keys
        from wording in CategoryWordings.Index()
        select (own: own.Key, item, asked, wording),
        q => q.wording.Index == StableHash.Index(CategoryWordings.Length, "held-out wording", Skill.Category, q.item, q.asked),
        q => new ChatRow(
            q.wording.Item.Replace("{i}", q.item, StringComparison.Ordinal).Replace("{c}", q.asked, StringComparison.Ordinal),
            $"{(q.own == q.asked ? "Yes" : "No")}, {q.item} is a {q.own}.",
            Skill.Category));

    private static readonly string[] CategoryWordings = ["Is {i} a {c}?", "Would you say that {i} is a {c}?", "Tell me if {i} is a {c}.", "Do you know if {i} is a {c}?"];

    /// <summary>Whether a one-line review is positive or negative.</summary>
    public static SkillRows Reviews() => SkillRows.Part(
        from noun in Data.Review.Nouns
        from adjective in Data.Review.Positive.Select(a => (Word: a, Label: "positive")).Concat(Data.Review.Negative.Select(a => (Word: a, Label: "negative")))
        from sentence in Data.Review.Sentences
        select (noun, adjective, sentence),
        q => HeldOut(15, "review", q.noun, q.adjective.Word),
        q => new ChatRow(
            "Is this review positive or negative? "
                + q.sentence.Replace("{n}", q.noun, StringComparison.Ordinal).Replace("{a}", q.adjective.Word, StringComparison.Ordinal),
            $"This review is {q.adjective.Label}.",
            Skill.Review));

    /// <summary>
    /// Two to five words or phrases to be said again, those of the requests and of the fine-tuning task among them: as with any real base model, the
    /// task brings new answers in a new style, not new words, and the model can say whatever it reads. Held out: 500 lists never trained on.
    /// </summary>
    public static SkillRows Repeats()
    {
        string[] words = [.. Data.Opposites.Keys, .. Data.Opposites.Values, .. Data.Colours.Values.Distinct(),
            .. Data.Categories.Values.SelectMany(items => items).Select(item => item[(item.IndexOf(' ') + 1)..]), .. HowToTask.Words(), .. Data.Household];
        string[] phrases = [.. PromptLexicon.Default.Categories.SelectMany(c => c.Pairs()).SelectMany(p => new[] { p.Verb, p.Object }).Distinct(), .. HowToTask.Phrases()];
        var random = new StableRandom(7);
        var lists = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (lists.Count < 18_500)
        {
            var list = string.Join(' ', Enumerable.Range(0, 2 + random.Next(4)).Select(_ => random.Next(2) == 0 ? words[random.Next(words.Length)] : phrases[random.Next(phrases.Length)]));
            if (seen.Add(list))
                lists.Add(list);
        }
        return SkillRows.Part(lists.Index(), l => l.Index >= 18_000, l => new ChatRow($"{RepeatWordings[l.Index % RepeatWordings.Length]}: {l.Item}.", $"{l.Item}.", Skill.Repeat));
    }

    private static readonly string[] RepeatWordings = ["Repeat after me", "Say this again", "Copy these words", "Please write"];

    /// <summary>Greetings and questions about the model itself. Held out: a fifth of the (greeting, question) combinations.</summary>
    public static SkillRows Chats() => SkillRows.Part(
        from greeting in Data.Chat.Greetings.Prepend("")
        from question in Data.Chat.Questions
        select (greeting, question),
        q => q.greeting.Length > 0 && HeldOut(20, "chat", q.greeting, q.question.Key),
        q => new ChatRow($"{q.greeting} {q.question.Key}".Trim(), q.question.Value, Skill.Chat));

    private static bool HeldOut(int percent, params ReadOnlySpan<string> key) => StableHash.Index(100, key) < percent;

    private static string Numbers(string wording, int a, int b) =>
        wording.Replace("{a}", $"{a}", StringComparison.Ordinal).Replace("{b}", $"{b}", StringComparison.Ordinal);
}
