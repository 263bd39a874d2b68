namespace AlignGuard.Evaluation.Benchmark.Importers;

/// <summary>OKTest (Shi et al. 2024): harmless questions that look harmful, in a file of that name, under <c>prompt</c>, <c>question</c> or <c>text</c>.</summary>
internal sealed class OkTest() : FieldImporter("oktest", LabelsOf.AllSafe, "prompt")
{
    private static readonly string[] Texts = ["prompt", "question", "text"];

    public override bool Reads(SourceFile file) => file.BaseName.StartsWith("oktest", StringComparison.OrdinalIgnoreCase) && Texts.Any(t => file.Has(t));

    protected override bool Required(string column) => false;

    protected override Imported Import(IReadOnlyDictionary<string, string> fields) => new(Texts.Select(t => Field(fields, t)).FirstOrDefault(t => t.Length > 0) ?? "", [], null);
}
