using System.Text.Json;
using Xunit;

namespace AlignGuard.Integration;

public class RunTests
{
    private static readonly int[] Finished = [0, 3];

    [Fact]
    public async Task A_finished_run_prints_its_result_again_and_leaves_a_report()
    {
        using var job = new TinyJob();
        var first = await AlignGuardProcess.RunAsync([.. job.Command("store"), "--json"]);
        Assert.True(Finished.Contains(first.ExitCode), first.Error);
        var state = job.FinalState("store");
        var second = await AlignGuardProcess.RunAsync([.. job.Command("store"), "--json"]);
        Assert.Equal(first.ExitCode, second.ExitCode);
        Assert.Equal(JsonDocument.Parse(first.Output).RootElement.GetProperty("tuned").ToString(), JsonDocument.Parse(second.Output).RootElement.GetProperty("tuned").ToString());
        Assert.Equal(state, job.FinalState("store"));
        var page = File.ReadAllText(Directory.GetFiles(job.Store("store"), "report.html", SearchOption.AllDirectories).Single());
        Assert.Contains("tiny", page);
    }

    [Theory]
    [InlineData("adapter.safetensors")]
    [InlineData("commit.json")]
    public async Task A_damaged_last_segment_falls_back_to_its_parent_and_the_run_ends_the_same(string damaged)
    {
        using var job = new TinyJob();
        var first = await AlignGuardProcess.RunAsync(job.Command("store"));
        Assert.True(Finished.Contains(first.ExitCode), first.Error);
        var state = job.FinalState("store");

        var segments = Directory.GetDirectories(Directory.GetDirectories(Path.Combine(job.Store("store"), "runs")).Single(), "segments").Single();
        var last = Directory.GetDirectories(segments).MaxBy(path => int.Parse(Path.GetFileName(path)))!;
        var file = Directory.GetFiles(last, damaged, SearchOption.AllDirectories).Single();
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..^7]);
        var second = await AlignGuardProcess.RunAsync(job.Command("store"));
        Assert.True(Finished.Contains(second.ExitCode), second.Error);
        Assert.Contains("falls back to step 18", second.Error);
        Assert.Equal(state, job.FinalState("store"));
    }

    [Fact]
    public async Task Data_that_changed_since_the_run_began_are_noticed()
    {
        using var job = new TinyJob();
        var rows = Path.Combine(Path.GetTempPath(), $"alignguard-{Guid.NewGuid():N}.jsonl");
        try
        {
            string Row(int n) => $$"""{"prompt": "Tell me about word{{n}}.", "completion": "It is number {{n}}."}""" + "\n";
            File.WriteAllText(rows, string.Concat(Enumerable.Range(0, 20).Select(Row)));
            string[] command = [.. job.Command("store"), "--set", $"data.train={rows}", "--set", "train.steps=4"];
            var first = await AlignGuardProcess.RunAsync(command);
            Assert.True(Finished.Contains(first.ExitCode), first.Error);
            File.AppendAllText(rows, Row(99));
            var second = await AlignGuardProcess.RunAsync(command);
            Assert.Equal(2, second.ExitCode);
            Assert.Contains("begun with another data", second.Error);
        }
        finally
        {
            File.Delete(rows);
        }
    }

    /// <summary>SIGTERM: the step is finished and committed; the resumed run is bit-equal to an undisturbed one.</summary>
    [Fact]
    public async Task A_run_told_to_stop_commits_what_it_has_and_goes_on()
    {
        using var job = new TinyJob();
        string[] longer = ["--set", "train.steps=120", "--set", "train.segment=60", "--set", "guard.refreshEvery=60"];
        var calm = await AlignGuardProcess.RunAsync([.. job.Command("calm"), .. longer]);
        Assert.True(Finished.Contains(calm.ExitCode), calm.Error);

        using (var process = AlignGuardProcess.Start([.. job.Command("stopped"), .. longer]))
        {
            var log = "";
            while (!log.Contains("\"fisher/0\"") || !log.Contains("decompose/0"))
            {
                await Task.Delay(100);
                var file = Directory.Exists(job.Store("stopped")) ? Directory.GetFiles(job.Store("stopped"), "events.jsonl", SearchOption.AllDirectories).FirstOrDefault() : null;
                if (file is not null) log = File.ReadAllText(file);
                Assert.False(await process.EndsWithinAsync(TimeSpan.FromMilliseconds(1)), "ended before it could be stopped");
            }
            await Task.Delay(300);
            System.Diagnostics.Process.Start("kill", ["-TERM", $"{process.Id}"]).WaitForExit();
            var ended = await process.EndAsync();
            Assert.True(ended.ExitCode == 4, $"{ended.ExitCode}: {ended.Error}");
        }
        var resumed = await AlignGuardProcess.RunAsync([.. job.Command("stopped"), .. longer]);
        Assert.True(Finished.Contains(resumed.ExitCode), resumed.Error);
        Assert.Equal(job.FinalState("calm"), job.FinalState("stopped"));
    }
}
