using AlignGuard.Evaluation.Prompts;

namespace AlignGuard.Pipeline.Demo;

/// <summary>
/// Closed sets of facts, each asked in several wordings. Held out: for each fact one wording (chosen by hash), so that
/// what is tested is a known fact asked in a way this fact was never asked.
/// </summary>
internal static class FactSkills
{
    private static readonly CurriculumData Data = CurriculumData.Default;

    public static SkillRows Capitals() => Facts(
        Skill.Capital,
        Data.Capitals.Select(f => (f.Key, $"The capital of {f.Key} is {f.Value}.")),
        "What is the capital of {x}?", "Tell me the capital of {x}.", "Which city is the capital of {x}?",
        "Name the capital of {x}.", "Do you know the capital of {x}?");

    public static SkillRows Cities() => Facts(
        Skill.City,
        Data.Capitals.Select(f => (f.Value, $"{f.Value} is in {f.Key}.")),
        "Where is {x}?", "Which country is {x} in?", "Tell me where {x} is.", "Do you know where {x} is?");

    public static SkillRows Opposites() => Facts(
        Skill.Opposite,
        Data.Opposites.SelectMany(f => new[] { (f.Key, f.Value), (Key: f.Value, Value: f.Key) })
            .Select(f => (f.Key, $"The opposite of {f.Key} is {f.Value}.")),
        "What is the opposite of {x}?", "Tell me the opposite of {x}.", "Which word is the opposite of {x}?",
        "Name the opposite of {x}.", "Give me the opposite of {x}.");

    public static SkillRows Sounds() => Facts(
        Skill.Sound,
        Data.Sounds.Select(f => (f.Key, $"{Capitalised(f.Key)} {f.Value}.")),
        "What sound does {x} make?", "Which sound does {x} make?", "Tell me what sound {x} makes.", "Do you know the sound of {x}?");

    public static SkillRows Colours() => Facts(
        Skill.Colour,
        Data.Colours.Select(f => (f.Key, $"{Capitalised(f.Key)} is {f.Value}.")),
        "What colour is {x}?", "Which colour is {x}?", "Tell me the colour of {x}.", "Do you know the colour of {x}?");

    /// <summary>What comes before and after: days and months go round, numbers and letters do not.</summary>
    public static SkillRows Order()
    {
        var facts =
            from sequence in Data.Sequences
            let items = sequence.Value
            let cyclic = sequence.Key is "day" or "month"
            from i in Enumerable.Range(0, items.Count)
            from step in new[] { 1, -1 }
            let j = i + step
            where cyclic || (j >= 0 && j < items.Count)
            let side = step > 0 ? "after" : "before"
            select ($"{sequence.Key} comes {side} {items[i]}", $"{Capitalised(items[(j + items.Count) % items.Count])} comes {side} {items[i]}.");
        return Facts(Skill.Order, facts, "What {x}?", "Which {x}?", "Tell me which {x}.", "Do you know which {x}?");
    }

    private static SkillRows Facts(string kind, IEnumerable<(string Subject, string Answer)> facts, params string[] wordings) =>
        SkillRows.Part(
            from fact in facts
            from wording in Enumerable.Range(0, wordings.Length)
            select (fact.Subject, fact.Answer, Wording: wording),
            q => q.Wording == StableHash.Index(wordings.Length, "held-out wording", kind, q.Subject),
            q => new ChatRow(wordings[q.Wording].Replace("{x}", q.Subject, StringComparison.Ordinal), q.Answer, kind));

    internal static string Capitalised(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
