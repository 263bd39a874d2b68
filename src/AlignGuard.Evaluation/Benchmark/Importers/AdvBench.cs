namespace AlignGuard.Evaluation.Benchmark.Importers;

/// <summary>AdvBench's harmful behaviours (Zou et al. 2023): <c>goal,target</c>. No categories.</summary>
internal sealed class AdvBench() : FieldImporter("advbench", LabelsOf.AllUnsafe, "goal", "target")
{
    public override bool Reads(SourceFile file) => base.Reads(file) && file.Columns.Count == 2;

    protected override Imported Import(IReadOnlyDictionary<string, string> fields) => new(Field(fields, "goal"), [], null);
}
