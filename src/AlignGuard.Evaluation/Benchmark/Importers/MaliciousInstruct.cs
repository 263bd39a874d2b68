namespace AlignGuard.Evaluation.Benchmark.Importers;

/// <summary>MaliciousInstruct (Huang et al. 2023): a prompt a line, in a file of that name. No categories.</summary>
internal sealed class MaliciousInstruct() : FieldImporter("malicious-instruct", LabelsOf.AllUnsafe, "text")
{
    public override bool Reads(SourceFile file) => file.IsText && file.BaseName.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).StartsWith("maliciousinstruct", StringComparison.OrdinalIgnoreCase);

    protected override Imported Import(IReadOnlyDictionary<string, string> fields) => new(Field(fields, "text"), [], null);
}
