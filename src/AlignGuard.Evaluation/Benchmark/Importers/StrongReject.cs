namespace AlignGuard.Evaluation.Benchmark.Importers;

/// <summary>StrongREJECT (Souly et al. 2024): <c>category,source,forbidden_prompt</c>.</summary>
internal sealed class StrongReject() : FieldImporter("strongreject", LabelsOf.AllUnsafe, "category", "forbidden_prompt")
{
    protected override Imported Import(IReadOnlyDictionary<string, string> fields) => new(Field(fields, "forbidden_prompt"), [Field(fields, "category")], null);
}
