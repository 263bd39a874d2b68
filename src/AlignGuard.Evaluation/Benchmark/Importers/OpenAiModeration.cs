namespace AlignGuard.Evaluation.Benchmark.Importers;

/// <summary>
/// OpenAI's moderation evaluation set (Markov et al. 2023): <c>{"prompt", "S", "H", "V", "HR", "SH", "S3", "H2", "V2"}</c>, 1 = the text has it, 0 = it has not, absent =
/// nobody looked. A text with a 1 is unsafe; one that has none is safe only if the five wide classes were looked for.
/// </summary>
internal sealed class OpenAiModeration() : FieldImporter("openai-moderation", LabelsOf.Rows, "prompt", "s", "h", "v")
{
    // The narrow class before the wide one that holds it.
    private static readonly string[] Classes = ["S3", "S", "H2", "H", "V2", "V", "HR", "SH"];
    private static readonly string[] Wide = ["S", "H", "V", "HR", "SH"];

    protected override bool Required(string column) => column == "prompt";

    protected override Imported Import(IReadOnlyDictionary<string, string> fields)
    {
        var text = Field(fields, "prompt");
        if (Classes.FirstOrDefault(c => Field(fields, c) is not ("" or "0" or "1" or "0.0" or "1.0")) is { } odd) return Imported.Bad($"'{odd}' is {Field(fields, odd)}, neither 0 nor 1.");
        var found = Classes.Where(c => Field(fields, c).StartsWith('1')).ToList();
        if (found.Count > 0) return new Imported(text, found, true);
        return new Imported(text, [], false) { LeftOut = Wide.All(c => Field(fields, c).Length > 0) ? null : "not all classes were labelled" };
    }
}
