namespace AlignGuard.Evaluation.Benchmark.Importers;

/// <summary>XSTest (Röttger et al. 2024), both versions: <c>id,type,prompt,focus,note</c>, the later ones with <c>label</c>. Types that begin with <c>contrast_</c> are the unsafe twins of the safe ones.</summary>
internal sealed class XsTest() : FieldImporter("xstest", LabelsOf.Rows, "type", "prompt", "focus", "note")
{
    // Left empty, a field may be left out of a row.
    protected override bool Required(string column) => column is "type" or "prompt";

    protected override Imported Import(IReadOnlyDictionary<string, string> fields)
    {
        var type = Field(fields, "type");
        if (type.Length == 0) return Imported.Bad("its type is empty: nothing says whether it is safe.");
        return new Imported(Field(fields, "prompt"), [type], type.StartsWith("contrast_", StringComparison.Ordinal));
    }
}
