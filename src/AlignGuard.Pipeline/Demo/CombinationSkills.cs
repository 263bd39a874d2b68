using AlignGuard.Evaluation.Prompts;

namespace AlignGuard.Pipeline.Demo;

/// <summary>Skills over combinations of known parts. Held out: about 15 % of the combinations, in every wording.</summary>
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

    /// <summary>Which of two numbers below 10 is bigger or smaller.</summary>
    public static SkillRows Comparisons() => SkillRows.Part(
        from a in Enumerable.Range(0, 10)
        from b in Enumerable.Range(0, 10)
        where a != b
        from relation in new[] { "bigger", "smaller" }
        from wording in new[] { "Which is {r}, {a} or {b}?", "Which number is {r}: {a} or {b}?" }
        select (a, b, relation, wording),
        q => HeldOut(15, "compare", q.relation, $"{q.a}", $"{q.b}"),
        q => new ChatRow(
            Numbers(q.wording, q.a, q.b).Replace("{r}", q.relation, StringComparison.Ordinal),
            $"{(q.relation == "bigger" ? Math.Max(q.a, q.b) : Math.Min(q.a, q.b))} is {q.relation}.",
            Skill.Compare));

    /// <summary>Whether a thing belongs to a category.</summary>
    public static SkillRows Categories() => SkillRows.Part(
        from own in Data.Categories
        from item in own.Value
        from asked in Data.Categories.Keys
        from wording in new[] { "Is {i} a {c}?", "Would you say that {i} is a {c}?", "Tell me if {i} is a {c}." }
        select (own: own.Key, item, asked, wording),
        q => HeldOut(15, "category", q.item, q.asked),
        q => new ChatRow(
            q.wording.Replace("{i}", q.item, StringComparison.Ordinal).Replace("{c}", q.asked, StringComparison.Ordinal),
            $"{(q.own == q.asked ? "Yes" : "No")}, {q.item} is a {q.own}.",
            Skill.Category));

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
    /// Two to four words to be said again, those of the fine-tuning task among them: as with any real base model, the task brings new answers
    /// in a new style, not new words. Held out: 200 word lists never trained on.
    /// </summary>
    public static SkillRows Repeats()
    {
        string[] words = [.. Data.Opposites.Keys, .. Data.Opposites.Values, .. Data.Colours.Values.Distinct(),
            .. Data.Categories.Values.SelectMany(items => items).Select(item => item[(item.IndexOf(' ') + 1)..]), .. HowToTask.Words(), .. Data.Household];
        var random = new StableRandom(7);
        var lists = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (lists.Count < 6_200)
        {
            var list = string.Join(' ', Enumerable.Range(0, 2 + random.Next(3)).Select(_ => words[random.Next(words.Length)]));
            if (seen.Add(list))
                lists.Add(list);
        }
        return SkillRows.Part(lists.Index(), l => l.Index >= 6_000, l => new ChatRow($"Repeat after me: {l.Item}.", $"{l.Item}.", Skill.Repeat));
    }

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
