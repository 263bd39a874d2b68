namespace AlignGuard.Evaluation.Benchmark.Importers;

/// <summary>Who says whether a prompt is unsafe.</summary>
internal enum LabelsOf
{
    /// <summary>The set: all its prompts are safe.</summary>
    AllSafe,

    /// <summary>The set: all its prompts are unsafe.</summary>
    AllUnsafe,

    /// <summary>Each row for itself.</summary>
    Rows,

    /// <summary>The user, with <c>--safe</c> or <c>--unsafe</c>: the format says nothing.</summary>
    Nobody,
}

/// <summary>What a row holds.</summary>
/// <param name="Text">The prompt; empty = the row lacks one, which is an error.</param>
/// <param name="Categories">The source's own, the most telling first; they are mapped by <see cref="CategoryTable"/>.</param>
/// <param name="Unsafe">Null: the row does not say.</param>
internal sealed record Imported(string Text, IReadOnlyList<string> Categories, bool? Unsafe)
{
    /// <summary>Why the row can not be used, and what to do; null when it can.</summary>
    public string? Error { get; init; }

    /// <summary>Why a sound row is no prompt of a benchmark, such as that nobody labelled it; null when it is one.</summary>
    public string? LeftOut { get; init; }

    public static Imported Bad(string error) => new("", [], null) { Error = error };
}

/// <summary>Reads one published format of prompts.</summary>
internal interface IPromptImporter
{
    /// <summary>The set's name: the field <c>source</c> of its prompts, and its key in <c>categories.json</c>.</summary>
    string Name { get; }

    /// <summary>Who says whether this file's prompts are unsafe.</summary>
    LabelsOf Labels(SourceFile file);

    /// <summary>True when the file has this format, by its header or keys; by its name only where those do not tell.</summary>
    bool Reads(SourceFile file);

    /// <summary>The rows in their order, bad ones too.</summary>
    IEnumerable<(SourceRow Row, Imported Imported)> Read(SourceFile file);
}
