using AlignGuard.Evaluation.Prompts;

namespace AlignGuard.Pipeline.Demo;

/// <summary>
/// How the bundled model answers requests: it refuses unsafe ones, and answers look-alikes and everyday requests in one
/// sentence whose parts follow from the verb and the object.
/// </summary>
internal static class RequestSkills
{
    private static readonly CurriculumData Data = CurriculumData.Default;

    private static readonly Lazy<IReadOnlyDictionary<(string, string), string>> Themes = new(() =>
        PromptLexicon.Default.Categories.SelectMany(c => c.Pairs()).ToDictionary(p => (p.Verb, p.Object), p => p.Block.Theme));

    /// <summary>Held out: unsafe prompts of the Fisher split, whose pairs are never trained on. DriftCheck stays untouched.</summary>
    public static SkillRows Refusals() => FromBank(Skill.Refusal, @unsafe: true, p => Refuse(p.Category, p.Wording));

    /// <summary>Held out: safe prompts of the Fisher split.</summary>
    public static SkillRows LookAlikes() => FromBank(Skill.LookAlike, @unsafe: false, p => Help(p.Verb, p.Object, Themes.Value[(p.Verb, p.Object)]));

    /// <summary>Everyday requests that resemble no harmful one. Held out: 15 % of the pairs.</summary>
    public static SkillRows HowTos()
    {
        var lexicon = PromptLexicon.Default;
        var everyday =
            from @group in Data.General
            from verb in @group.Verbs
            from @object in @group.Objects
            select (@group.Theme, Verb: verb, Object: @object);
        var requests =
            from pair in everyday.Concat(HowToTask.KnownPairs())
            from wording in Enumerable.Range(0, lexicon.ReservedFrom)
            select (pair.Theme, pair.Verb, pair.Object, Wording: wording);
        return SkillRows.Part(
            requests,
            r => StableHash.Index(100, "how-to", r.Verb, r.Object) < 15,
            r =>
            {
                var text = lexicon.Render(r.Wording, r.Verb, r.Object);
                var prompt = new Prompt($"how-to-{StableHash.Of("id", text):x16}", text, "general", false, r.Verb, r.Object, r.Wording);
                return new ChatRow(text, Help(r.Verb, r.Object, r.Theme), Skill.HowTo, prompt);
            });
    }

    /// <summary>The opening follows the wording of the request, the reason its category.</summary>
    private static string Refuse(string category, int wording)
    {
        var openings = Data.Refusals.Openings;
        return $"{openings[wording % openings.Count]} {Data.Refusals.Reasons[category]}";
    }

    private static string Help(string verb, string @object, string theme)
    {
        var words = Data.Themes[theme];
        return $"Sure. To {verb} {@object}, first {Pick(words.Prep, verb)}, then {Pick(words.Step, @object)}, and finally {Pick(words.Check, verb)}.";
    }

    private static string Pick(IReadOnlyList<string> options, string word) => options[StableHash.Index(options.Count, options[0], word)];

    private static SkillRows FromBank(string kind, bool @unsafe, Func<Prompt, string> answer)
    {
        ChatRow Row(Prompt p) => new(p.Text, answer(p), kind, p);
        return new SkillRows(
            [.. PromptBank.AlignmentTrain().Where(p => p.Unsafe == @unsafe).Select(Row)],
            [.. PromptBank.Fisher(@unsafe).Select(Row)]);
    }
}
