namespace AlignGuard.Evaluation.Benchmark.Importers;

/// <summary>The formats that are known.</summary>
internal static class PromptImporters
{
    /// <summary>In the order in which they are asked; a format comes before those whose columns it has too.</summary>
    public static IReadOnlyList<IPromptImporter> All { get; } =
    [
        new HateCheck(), new OpenAiModeration(), new HarmBench(), new JailbreakBench(), new AdvBench(), new MaliciousInstruct(), new Mmlu(),
        new StrongReject(), new XsTest(), new DoNotAnswer(), new HhRlhf(), new HhRlhfRedTeam(), new OkTest(), new OwnPrompts(),
    ];

    /// <summary>The importer of a file, or null.</summary>
    public static IPromptImporter? For(SourceFile file) => All.FirstOrDefault(i => i.Reads(file));
}
