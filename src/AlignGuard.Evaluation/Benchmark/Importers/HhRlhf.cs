namespace AlignGuard.Evaluation.Benchmark.Importers;

/// <summary>
/// HH-RLHF's pairs (Bai et al. 2022): <c>{"chosen", "rejected"}</c>, two ends of one conversation; its first question is the prompt. Which part of the set a file is, helpful or harmless, its rows do not say:
/// it is given with <c>--safe</c> or <c>--unsafe</c>.
/// </summary>
internal sealed class HhRlhf() : FieldImporter("hh-rlhf", LabelsOf.Nobody, "chosen", "rejected")
{
    protected override Imported Import(IReadOnlyDictionary<string, string> fields) => Question(Field(fields, "chosen"));

    /// <summary>What the person says first, up to the assistant's turn.</summary>
    internal static Imported Question(string conversation)
    {
        const string Human = "Human:", Assistant = "\n\nAssistant:";
        var text = conversation.TrimStart();
        if (!text.StartsWith(Human, StringComparison.Ordinal)) return Imported.Bad($"the conversation does not begin with '{Human}'.");
        var end = text.IndexOf(Assistant, StringComparison.Ordinal);
        return new Imported((end < 0 ? text[Human.Length..] : text[Human.Length..end]).Trim(), [], null);
    }
}

/// <summary>HH-RLHF's red-team attempts (Ganguli et al. 2022): <c>{"transcript", "tags", …}</c>, JSON lines or a JSON list.</summary>
internal sealed class HhRlhfRedTeam() : FieldImporter("hh-rlhf-red-team", LabelsOf.AllUnsafe, "transcript", "rating")
{
    protected override bool Required(string column) => column == "transcript";

    protected override Imported Import(IReadOnlyDictionary<string, string> fields)
    {
        var question = HhRlhf.Question(Field(fields, "transcript"));
        return question.Error is null ? question with { Categories = Tags(Field(fields, "tags")) } : question;
    }

    /// <summary>A JSON list of names; null and other things are none.</summary>
    private static IReadOnlyList<string> Tags(string json)
    {
        if (!json.StartsWith('[')) return [];
        try
        {
            return [.. System.Text.Json.JsonSerializer.Deserialize<string[]>(json) ?? []];
        }
        catch (System.Text.Json.JsonException)
        {
            return [];
        }
    }
}
