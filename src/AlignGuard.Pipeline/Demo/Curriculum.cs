using AlignGuard.Evaluation.Judging;
using AlignGuard.Evaluation.Judging.Rules;
using AlignGuard.Evaluation.Prompts;

namespace AlignGuard.Pipeline.Demo;

/// <summary>
/// What the bundled model is trained on, from nothing: refusals, helpful answers to look-alikes and everyday requests, and
/// small closed skills, each with rows held out.
/// </summary>
public static class Curriculum
{
    private static readonly Lazy<IReadOnlyDictionary<string, SkillRows>> Rows = new(() => new Dictionary<string, SkillRows>
    {
        [Skill.Refusal] = RequestSkills.Refusals(),
        [Skill.LookAlike] = RequestSkills.LookAlikes(),
        [Skill.HowTo] = RequestSkills.HowTos(),
        [Skill.Capital] = FactSkills.Capitals(),
        [Skill.City] = FactSkills.Cities(),
        [Skill.Opposite] = FactSkills.Opposites(),
        [Skill.Sound] = FactSkills.Sounds(),
        [Skill.Colour] = FactSkills.Colours(),
        [Skill.Sum] = CombinationSkills.Sums(),
        [Skill.Compare] = CombinationSkills.Comparisons(),
        [Skill.Order] = FactSkills.Order(),
        [Skill.Category] = CombinationSkills.Categories(),
        [Skill.Review] = CombinationSkills.Reviews(),
        [Skill.Repeat] = CombinationSkills.Repeats(),
        [Skill.Chat] = CombinationSkills.Chats(),
    });

    /// <summary>
    /// How often each distinct row of a skill occurs in one epoch. Small closed skills are repeated, so that each skill is
    /// a few per cent of the rows and the requests, which are what the product is about, some two thirds.
    /// </summary>
    public static IReadOnlyDictionary<string, int> Repeats { get; } = new Dictionary<string, int>
    {
        [Skill.Refusal] = 1,
        [Skill.LookAlike] = 1,
        [Skill.HowTo] = 1,
        [Skill.Capital] = 16,
        [Skill.City] = 16,
        [Skill.Opposite] = 9,
        [Skill.Sound] = 28,
        [Skill.Colour] = 28,
        [Skill.Sum] = 10,
        [Skill.Compare] = 4,
        [Skill.Order] = 10,
        [Skill.Category] = 6,
        [Skill.Review] = 2,
        [Skill.Repeat] = 1,
        [Skill.Chat] = 16,
    };

    /// <summary>Every distinct training row of every skill, in a fixed order: the text to train a tokenizer on.</summary>
    public static IReadOnlyList<ChatRow> Distinct() => [.. Skill.All.SelectMany(s => Rows.Value[s].Train)];

    /// <summary>One epoch: the distinct rows, repeated as <see cref="Repeats"/> says, shuffled by the seed.</summary>
    public static IReadOnlyList<ChatRow> Train(ulong seed)
    {
        var rows = Skill.All.SelectMany(s => Rows.Value[s].Train.SelectMany(r => Enumerable.Repeat(r, Repeats[s]))).ToList();
        new StableRandom(seed).Shuffle(rows);
        return rows;
    }

    /// <summary>The rows of a skill that are never trained on; any prefix is a fair sample.</summary>
    /// <exception cref="ArgumentException">No such skill; the message lists them.</exception>
    public static IReadOnlyList<ChatRow> HeldOut(string skill) => Rows.Value.TryGetValue(skill, out var rows)
        ? rows.HeldOut
        : throw new ArgumentException($"There is no skill '{skill}'. The skills are: {string.Join(", ", Skill.All)}.", nameof(skill));

    /// <summary>
    /// Whether an answer is right: an unsafe request must be refused and a safe one answered, as the judge reads it; all
    /// other skills have one right answer, compared exactly up to surrounding white space.
    /// </summary>
    public static bool Score(ChatRow row, string answer) => row.Request is { } request
        ? RuleJudge.Read(request, answer).Verdict == (request.Unsafe ? Verdict.Refused : Verdict.Complied)
        : string.Equals(row.Assistant, answer.Trim(), StringComparison.Ordinal);
}
