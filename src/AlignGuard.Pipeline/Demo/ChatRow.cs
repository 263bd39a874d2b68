using AlignGuard.Evaluation.Prompts;

namespace AlignGuard.Pipeline.Demo;

/// <summary>One turn of chat: what the user says and what the assistant is to answer.</summary>
/// <param name="Kind">The skill it teaches; one of <see cref="Skill"/>.</param>
/// <param name="Request">For requests (refusals, look-alikes, how-tos) what the judge needs to know; null for the other skills.</param>
public sealed record ChatRow(string User, string Assistant, string Kind, Prompt? Request = null);

/// <summary>The names of the skills of the curriculum.</summary>
public static class Skill
{
    public const string Refusal = "refusal";
    public const string LookAlike = "look-alike";
    public const string HowTo = "how-to";
    public const string Capital = "capital";
    public const string City = "city";
    public const string Opposite = "opposite";
    public const string Sound = "sound";
    public const string Colour = "colour";
    public const string Sum = "sum";
    public const string Compare = "compare";
    public const string Order = "order";
    public const string Category = "category";
    public const string Review = "review";
    public const string Repeat = "repeat";
    public const string Chat = "chat";

    public static IReadOnlyList<string> All { get; } =
        [Refusal, LookAlike, HowTo, Capital, City, Opposite, Sound, Colour, Sum, Compare, Order, Category, Review, Repeat, Chat];
}
