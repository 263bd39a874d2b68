using System.Runtime.CompilerServices;
using AlignGuard.Evaluation.Tasks.Benchmarks;
using Xunit;

namespace AlignGuard.Evaluation.Tests.Benchmarks;

/// <summary>docs/benchmarks.md says what the program does: name, version, metrics and wording of every task.</summary>
public class DocumentationTests
{
    [Fact]
    public void The_page_describes_every_task_as_it_is()
    {
        var rows = File.ReadAllLines(Path.Combine(Path.GetDirectoryName(Here())!, "..", "..", "..", "docs", "benchmarks.md")).Where(l => l.StartsWith("| `", StringComparison.Ordinal)).Select(l => l.Split(" | ")).ToList();
        foreach (var task in BenchmarkTasks.All)
        {
            var adversarial = task.Name.StartsWith("advglue-", StringComparison.Ordinal);
            var row = Assert.Single(rows, r => adversarial ? r[0].Contains("`advglue-sst2`", StringComparison.Ordinal) : r[0].Contains($"`{task.Name}`", StringComparison.Ordinal));
            Assert.Equal($"{task.Version}", row[1]);
            if (adversarial)
            {
                Assert.Contains(task.Name["advglue".Length..] + "`", row[0], StringComparison.Ordinal);
                continue;
            }
            Assert.StartsWith(string.Join(", ", task.Metrics.Select(m => m.Name)), row[3], StringComparison.Ordinal);
            Assert.Equal(task.Answers, row[4]);
            Assert.Contains($"`{task.Prompt.Replace('\n', '⏎')}`", row[5], StringComparison.Ordinal);
        }
        Assert.Contains(Mmlu, rows.Single(r => r[0].Contains("`mmlu`", StringComparison.Ordinal))[5], StringComparison.Ordinal);
    }

    private static string Mmlu => BenchmarkTasks.Find("mmlu").Preamble.Trim();

    private static string Here([CallerFilePath] string path = "") => path;
}
