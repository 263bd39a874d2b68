namespace AlignGuard.Evaluation.Benchmark.Importers;

/// <summary>Do-Not-Answer (Wang et al. 2023): <c>risk_area,types_of_harm,specific_harms,question</c>, as CSV or JSON lines.</summary>
internal sealed class DoNotAnswer() : FieldImporter("do-not-answer", LabelsOf.AllUnsafe, "question", "risk_area", "types_of_harm")
{
    protected override Imported Import(IReadOnlyDictionary<string, string> fields) => new(Field(fields, "question"), [Field(fields, "types_of_harm"), Field(fields, "risk_area")], null);
}
