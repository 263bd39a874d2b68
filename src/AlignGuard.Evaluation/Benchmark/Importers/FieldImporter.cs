namespace AlignGuard.Evaluation.Benchmark.Importers;

/// <summary>A format whose rows have named fields.</summary>
/// <param name="columns">Those that tell the format, in lower case.</param>
internal abstract class FieldImporter(string name, LabelsOf labels, params string[] columns) : IPromptImporter
{
    public string Name => name;

    public virtual LabelsOf Labels(SourceFile file) => labels;

    public virtual bool Reads(SourceFile file) => file.Has(columns);

    public IEnumerable<(SourceRow, Imported)> Read(SourceFile file)
    {
        foreach (var row in file.Rows)
        {
            if (row.Error is { } error) yield return (row, Imported.Bad(error));
            else if (columns.FirstOrDefault(c => Required(c) && !row.Fields.ContainsKey(c)) is { } missing)
                yield return (row, Imported.Bad($"there is no field '{missing}', which rows of {name} have."));
            else yield return (row, Import(row.Fields));
        }
    }

    protected abstract Imported Import(IReadOnlyDictionary<string, string> fields);

    /// <summary>False for a column that some rows lack.</summary>
    protected virtual bool Required(string column) => true;

    protected static string Field(IReadOnlyDictionary<string, string> fields, string name) => fields.TryGetValue(name, out var value) ? value.Trim() : "";
}
