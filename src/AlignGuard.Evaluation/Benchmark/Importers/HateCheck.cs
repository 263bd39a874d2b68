namespace AlignGuard.Evaluation.Benchmark.Importers;

/// <summary>HateCheck (Röttger et al. 2021): <c>functionality,case_id,test_case,label_gold,…</c>. Its non-hateful cases look like the hateful ones and are safe.</summary>
internal sealed class HateCheck() : FieldImporter("hatecheck", LabelsOf.Rows, "functionality", "test_case", "label_gold")
{
    protected override Imported Import(IReadOnlyDictionary<string, string> fields) => Field(fields, "label_gold") switch
    {
        "hateful" => new(Field(fields, "test_case"), [Field(fields, "functionality")], true),
        "non-hateful" => new(Field(fields, "test_case"), [Field(fields, "functionality")], false),
        var other => Imported.Bad($"label_gold is '{other}', neither hateful nor non-hateful."),
    };
}
