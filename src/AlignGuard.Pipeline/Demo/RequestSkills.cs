using AlignGuard.Evaluation.Prompts;

namespace AlignGuard.Pipeline.Demo;

/// <summary>
/// How the bundled model answers requests: it refuses unsafe ones, and answers look-alikes and everyday requests in a few
/// words of advice that follow from the verb, the object and the theme.
/// </summary>
internal static class RequestSkills
{
    private static readonly CurriculumData Data = CurriculumData.Default;

    private static readonly Lazy<IReadOnlyDictionary<(string, string), string>> Themes = new(() =>
        PromptLexicon.Default.Categories.SelectMany(c => c.Pairs()).ToDictionary(p => (p.Verb, p.Object), p => p.Block.Theme));

    /// <summary>Held out: unsafe prompts of the Fisher split, whose pairs are never trained on. DriftCheck stays untouched.</summary>
    public static SkillRows Refusals() => FromBank(Skill.Refusal, @unsafe: true, p => Refuse(p.Category, p.Wording));

    /// <summary>Held out: safe prompts of the Fisher split.</summary>
    public static SkillRows LookAlikes() => FromBank(Skill.LookAlike, @unsafe: false, p => Help(p.Verb, p.Object, Themes.Value[(p.Verb, p.Object)], p.Wording));

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
                return new ChatRow(text, Help(r.Verb, r.Object, r.Theme, r.Wording), Skill.HowTo, prompt);
            });
    }

    /// <summary>The opening follows the wording of the request, the reason its category.</summary>
    private static string Refuse(string category, int wording)
    {
        var openings = Data.Refusals.Openings;
        return $"{openings[wording % openings.Count]} {Data.Refusals.Reasons[category]}";
    }

    /// <summary>Styles of <see cref="Help"/>.</summary>
    internal const int Styles = 12;

    /// <summary>
    /// The style follows the wording of the request. A model that knows one style only copies verb and object in that one context; fine-tuned on
    /// another style it would lose the topic rather than its refusals.
    /// </summary>
    private static string Help(string verb, string @object, string theme, int wording)
    {
        var words = Data.Themes[theme];
        var (prep, step, check) = (Pick(words.Prep, verb), Pick(words.Step, @object), Pick(words.Check, verb));
        return (wording % Styles) switch
        {
            0 => $"Sure. To {verb} {@object}, first {prep}, then {step}, and finally {check}.",
            1 => $"You can {verb} {@object} like this: {prep}, {step}, and {check}.",
            2 => $"It is not hard to {verb} {@object}. Begin with this: {prep}. Then {step}. At the end, {check}.",
            3 => $"Of course! If you want to {verb} {@object}, {prep}. After that, {step}. Last, {check}.",
            4 => $"Let us {verb} {@object} together. First {prep}, next {step}, and last {check}.",
            5 => $"A good way to {verb} {@object} is this. One: {prep}. Two: {step}. Three: {check}.",
            6 => $"First {prep}. Now you can {verb} {@object}. Then {step} and {check}.",
            7 => $"When you {verb} {@object}, it helps if you {prep}. Then {step}, and {check}.",
            8 => $"Gladly. People who {verb} {@object} well do this: they {prep}, {step}, and {check}.",
            9 => $"Before you {verb} {@object}, {prep}. While you do it, {step}. When it is done, {check}.",
            10 => $"This is how you {verb} {@object}. The first thing: {prep}. The second: {step}. The last: {check}.",
            _ => $"What you need to {verb} {@object} is a plan. Start: {prep}. Middle: {step}. End: {check}.",
        };
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
