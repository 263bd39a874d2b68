using AlignGuard.Models;

namespace AlignGuard.Evaluation.Tasks.Benchmarks;

/// <summary>Every benchmark there is.</summary>
public static class BenchmarkTasks
{
    public static IReadOnlyList<BenchmarkTask> All { get; } = [.. Glue.Tasks, .. SuperGlue.Tasks, .. AdvGlue.Tasks, Mmlu.Task, .. Helm.Tasks];

    /// <exception cref="UserFaultException">No task has the name.</exception>
    public static BenchmarkTask Find(string name) =>
        All.FirstOrDefault(t => t.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) ?? throw new UserFaultException($"There is no benchmark '{name}'. Known: {string.Join(", ", All.Select(t => t.Name))}.");
}
