using AlignGuard.Evaluation.Prompts;

namespace AlignGuard.Evaluation.Benchmark.Importers;

/// <summary>A user's own prompts: the fields that <see cref="PromptFile"/> reads. Comes last, since most published formats have one of these fields.</summary>
internal sealed class OwnPrompts : IPromptImporter
{
    public string Name => "own";

    public LabelsOf Labels(SourceFile file) => PromptFile.ClassFields.Any(f => file.Has(f)) ? LabelsOf.Rows : LabelsOf.Nobody;

    public bool Reads(SourceFile file) => PromptFile.TextFields.Any(f => file.Has(f));

    public IEnumerable<(SourceRow, Imported)> Read(SourceFile file) =>
        file.Rows.Select(row => (row, row.Error is { } error ? Imported.Bad(error) : Import(row.Fields)));

    private static Imported Import(IReadOnlyDictionary<string, string> fields)
    {
        if (PromptFile.First(fields, PromptFile.TextFields) is not { } text)
            return Imported.Bad($"there is no field {string.Join(", ", PromptFile.TextFields)}; the row has {(fields.Count == 0 ? "none" : string.Join(", ", fields.Keys))}.");
        bool? @unsafe = null;
        if (PromptFile.First(fields, PromptFile.ClassFields) is { } label && label.Value.Trim().Length > 0)
        {
            @unsafe = PromptFile.ClassOf(label.Value);
            if (@unsafe is null) return Imported.Bad($"'{label.Value}' in '{label.Name}' is neither unsafe (unsafe, harmful, true, 1) nor safe (safe, benign, harmless, false, 0).");
        }
        return new Imported(text.Value.Trim(), PromptFile.First(fields, PromptFile.CategoryFields) is { } category ? [category.Value.Trim()] : [], @unsafe);
    }
}
