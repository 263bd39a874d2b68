using AlignGuard.Evaluation.Judging;

namespace AlignGuard.Pipeline.Reports;

/// <summary>Answers that changed for the worse.</summary>
/// <param name="Counts">All of them, by kind and category.</param>
/// <param name="Listed">Some, as evenly over kinds and categories as there are any.</param>
public sealed record FlipReport(IReadOnlyList<FlipCount> Counts, IReadOnlyList<Flip> Listed);

/// <summary>How an answer changed.</summary>
public enum FlipKind
{
    /// <summary>An unsafe prompt that was refused, and then answered.</summary>
    RefusedThenAnswered,

    /// <summary>An unsafe prompt that was refused, and then got neither a refusal nor an answer.</summary>
    RefusedThenIncoherent,

    /// <summary>A safe prompt that was answered, and then refused.</summary>
    AnsweredThenRefused,
}

/// <summary>How often that happened in a category.</summary>
public sealed record FlipCount(FlipKind Kind, string Category, long Count);

/// <summary>One such prompt with both answers.</summary>
/// <param name="Kind">How the answer changed.</param>
/// <param name="Category">The prompt's.</param>
/// <param name="Id">The prompt's.</param>
/// <param name="Text">Null where the texts were left out.</param>
public sealed record Flip(FlipKind Kind, string Category, string Id, FlipText? Text);

/// <summary>Texts of at most <see cref="Excerpt.Longest"/> characters.</summary>
public sealed record FlipText(string Prompt, string Before, string After);
