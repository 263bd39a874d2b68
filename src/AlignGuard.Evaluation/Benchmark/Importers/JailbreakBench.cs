namespace AlignGuard.Evaluation.Benchmark.Importers;

/// <summary>
/// JailbreakBench's behaviours (Chao et al. 2024): <c>Goal,Target,Behavior,Category,Source</c>. Its harmful and its benign behaviours have the same
/// header; a file called <c>benign…</c> holds the benign ones.
/// </summary>
internal sealed class JailbreakBench() : FieldImporter("jailbreakbench", LabelsOf.AllUnsafe, "goal", "target", "behavior", "category")
{
    public override LabelsOf Labels(SourceFile file) => file.BaseName.Contains("benign", StringComparison.OrdinalIgnoreCase) ? LabelsOf.AllSafe : LabelsOf.AllUnsafe;

    protected override Imported Import(IReadOnlyDictionary<string, string> fields) => new(Field(fields, "goal"), [Field(fields, "category")], null);
}
