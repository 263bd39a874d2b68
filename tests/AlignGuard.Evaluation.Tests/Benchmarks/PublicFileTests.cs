using AlignGuard.Evaluation.Tasks.Benchmarks;
using AlignGuard.Models.Tests;
using Xunit;

namespace AlignGuard.Evaluation.Tests.Benchmarks;

/// <summary>The public files themselves, read whole: as many items as the sets have, and their known share of answers.</summary>
public class PublicFileTests
{
    [SkippableTheory]
    [InlineData("sst2", "sst2_dev.tsv", 872, 444)]
    [InlineData("rte", "rte_dev.tsv", 277, 131)]
    [InlineData("boolq", "boolq_balanced.jsonl", 2474, 1237)]
    [InlineData("advglue-sst2", "advglue_dev.json", 148, null)]
    [InlineData("advglue-qqp", "advglue_dev.json", 78, null)]
    [InlineData("advglue-mnli", "advglue_dev.json", 121, null)]
    [InlineData("advglue-mnli-mm", "advglue_dev.json", 162, null)]
    [InlineData("advglue-qnli", "advglue_dev.json", 148, null)]
    [InlineData("advglue-rte", "advglue_dev.json", 81, null)]
    public void A_set_is_read_whole(string task, string file, int count, int? second)
    {
        var items = BenchmarkFile.Read(BenchmarkTasks.Find(task), Path.Combine(SharedFolder.Get("data"), file));
        Assert.Equal(count, items.Count);
        Assert.Equal(count, items.Select(i => i.Id).Distinct().Count());
        if (second is { } expected) Assert.Equal(expected, items.Count(i => i.Gold == 1));
        Assert.All(items, i => Assert.InRange(i.Gold, 0, i.Choices.Count - 1));
    }

    [SkippableFact]
    public void The_57_subjects_of_MMLU_are_read_whole()
    {
        var items = BenchmarkFile.Read(BenchmarkTasks.Find("mmlu"), Path.Combine(SharedFolder.Get("data"), "mmlu_test"));
        Assert.Equal(57, items.Select(i => i.Subject).Distinct().Count());
        Assert.InRange(items.Count, 13_900, 14_100);
        Assert.Equal(100, items.Count(i => i.Subject == "abstract algebra"));
        Assert.Equal("B", items.First(i => i.Subject == "abstract algebra").Answer);
    }
}
