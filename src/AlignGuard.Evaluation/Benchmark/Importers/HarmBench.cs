namespace AlignGuard.Evaluation.Benchmark.Importers;

/// <summary>
/// HarmBench's text behaviours (Mazeika et al. 2024): <c>Behavior,FunctionalCategory,SemanticCategory,Tags,ContextString,BehaviorID</c>, the whole
/// list, its validation and its test part alike. A contextual behaviour is asked with its context before it.
/// </summary>
internal sealed class HarmBench() : FieldImporter("harmbench", LabelsOf.AllUnsafe, "behavior", "functionalcategory", "semanticcategory")
{
    protected override Imported Import(IReadOnlyDictionary<string, string> fields)
    {
        var (behavior, context) = (Field(fields, "behavior"), Field(fields, "contextstring"));
        return new Imported(behavior.Length == 0 || context.Length == 0 ? behavior : $"{context}\n\n---\n\n{behavior}", [Field(fields, "semanticcategory")], null);
    }
}
