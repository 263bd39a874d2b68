namespace AlignGuard.Evaluation.Tasks.Benchmarks;

/// <summary>AdvGLUE (Wang et al. 2021): GLUE's tasks on sentences changed to mislead, all in one <c>dev.json</c>. Wording and metrics are GLUE's, so that the two can be compared.</summary>
internal static class AdvGlue
{
    private static readonly string[] Keys = ["sst2", "qqp", "mnli", "mnli-mm", "qnli", "rte"];

    public static IEnumerable<BenchmarkTask> Tasks { get; } = [.. Keys.Select(key => Glue.Tasks.Single(t => t.Name == key) with { Name = $"advglue-{key}", File = $"AdvGLUE dev.json, {key}", Layout = new RowLayout.Json(key) })];
}
