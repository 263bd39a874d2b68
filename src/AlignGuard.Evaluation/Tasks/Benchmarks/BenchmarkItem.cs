namespace AlignGuard.Evaluation.Tasks.Benchmarks;

/// <summary>A question as a model is asked it. Where it has choices, the likeliest counts; else the model writes, and its text is held against the references.</summary>
/// <param name="Id">The file's name and line or index of the row; <c>rte_dev.tsv:2</c>.</param>
/// <param name="Prompt">All that stands before the answer, without a blank at its end.</param>
/// <param name="Choices">The answers to choose from, as they are written behind <paramref name="Prompt"/> and a blank; empty = the model writes.</param>
/// <param name="Gold">Index of the right choice; -1 where there are none.</param>
/// <param name="References">What a written answer, or the name of the chosen one, may be; empty where only <paramref name="Gold"/> is right.</param>
public sealed record BenchmarkItem(string Id, string Prompt, IReadOnlyList<string> Choices, int Gold, IReadOnlyList<string> References)
{
    /// <summary>Subject (of MMLU), else "". Exemplars come from the item's own subject, and the result is broken down by it.</summary>
    public string Subject { get; init; } = "";

    /// <summary>The question that several items share (of MultiRC), else null.</summary>
    public string? Question { get; init; }

    /// <summary>What each choice names, where metrics look at that and not at the choice as it is written; else the choices.</summary>
    public IReadOnlyList<string> Names { get; init; } = Choices;

    /// <summary>Shown with its answer before other items, never asked.</summary>
    public bool Exemplar { get; init; }

    /// <summary>The right answer, as an exemplar shows it.</summary>
    public string Answer => Gold >= 0 ? Choices[Gold] : References[0];

    public static BenchmarkItem Choose(string id, string prompt, IReadOnlyList<string> choices, int gold) => new(id, prompt, choices, gold, []);

    public static BenchmarkItem Write(string id, string prompt, IReadOnlyList<string> references) => new(id, prompt, [], -1, references);
}
