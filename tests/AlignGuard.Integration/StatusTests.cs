using System.Text.Json;
using Xunit;

namespace AlignGuard.Integration;

/// <summary>What <c>status</c> and <c>store verify</c> say of a run, from the store alone.</summary>
public class StatusTests
{
    [Fact]
    public async Task A_run_is_shown_while_it_waits_and_when_it_is_finished_and_its_damage_is_named()
    {
        using var job = new TinyJob();
        var store = job.Store("store");
        // Killed after its second event: the Fisher comes next.
        using (var killed = AlignGuardProcess.Start(job.Command("store"), new Dictionary<string, string> { ["ALIGNGUARD_KILL_AT"] = "event-logged:2" }))
            Assert.Equal(137, (await killed.EndAsync()).ExitCode);
        var waiting = Assert.Single((await JsonAsync("status", "--store", store)).EnumerateArray());
        Assert.Equal("fisher/0", waiting.GetProperty("stage").GetString());
        Assert.Equal((0, 20), (waiting.GetProperty("step").GetInt32(), waiting.GetProperty("steps").GetInt32()));
        var run = waiting.GetProperty("runId").GetString()!;
        Assert.Contains("is not finished", (await AlignGuardProcess.RunAsync("store", "gc", run, "--store", store, "--apply")).Error);

        Assert.Equal(3, (await AlignGuardProcess.RunAsync(job.Command("store"))).ExitCode);
        var finished = await JsonAsync("status", run, "--store", store);
        Assert.Equal("rejected", finished.GetProperty("stage").GetString());
        Assert.Equal(20, finished.GetProperty("step").GetInt32());
        Assert.InRange(finished.GetProperty("drift").GetProperty("refusal").GetDouble(), 0, 1);
        Assert.StartsWith($"runs/{run}/segments/", finished.GetProperty("lastCommit").GetString());
        var table = await AlignGuardProcess.RunAsync("status", "--store", store);
        Assert.Contains("20/20", table.Output);

        var intact = await AlignGuardProcess.RunAsync("store", "verify", run, "--store", store);
        Assert.True(intact.ExitCode == 0, intact.Output + intact.Error);
        Assert.Contains("intact", intact.Output);

        // The files of an attempt that was killed before its commit: named while nothing is removed, and gone then.
        var litter = Path.Combine(store, "runs", run, "segments", "1", "abandoned123", "adapter.safetensors");
        Directory.CreateDirectory(Path.GetDirectoryName(litter)!);
        File.WriteAllText(litter, "half an adapter");
        var would = await AlignGuardProcess.RunAsync("store", "gc", run, "--store", store);
        Assert.Contains("1/abandoned123/adapter.safetensors", would.Output);
        Assert.True(File.Exists(litter));
        Assert.Contains("files removed", (await AlignGuardProcess.RunAsync("store", "gc", run, "--store", store, "--apply")).Output);
        Assert.False(File.Exists(litter));
        Assert.Contains("Nothing to remove", (await AlignGuardProcess.RunAsync("store", "gc", run, "--store", store)).Output);
        Assert.Equal(0, (await AlignGuardProcess.RunAsync("store", "verify", run, "--store", store)).ExitCode);

        // An adapter that a resumption would not read again, a record in the middle of the chain, and a file that nobody names.
        var segments = Path.Combine(store, "runs", run, "segments");
        var adapter = Directory.GetFiles(Path.Combine(segments, "0"), "adapter.safetensors", SearchOption.AllDirectories).Single();
        File.WriteAllBytes(adapter, File.ReadAllBytes(adapter)[..^1]);
        File.Delete(Path.Combine(store, "runs", run, "fisher", "1", "commit.json"));
        var report = JsonDocument.Parse((await AlignGuardProcess.RunAsync("store", "verify", run, "--store", store, "--json")).Output).RootElement;
        var problems = report.GetProperty("problems").EnumerateArray().Select(p => p.GetString()!).ToList();
        Assert.Contains(problems, p => p.Contains("segments/0/") && p.Contains("truncated"));
        Assert.Contains(problems, p => p.Contains("basis/1/commit.json") && p.Contains("its fisher"));
        Assert.Contains(problems, p => p.Contains("fisher/1/commit.json is missing"));
        Assert.Equal(3, problems.Count);
        Assert.NotEmpty(report.GetProperty("strays").EnumerateArray());
        Assert.Equal(2, (await AlignGuardProcess.RunAsync("store", "verify", run, "--store", store)).ExitCode);
        Assert.Equal(2, (await AlignGuardProcess.RunAsync("store", "gc", run, "--store", store, "--apply")).ExitCode);
    }

    [Fact]
    public async Task A_run_or_a_store_that_is_not_there_is_named()
    {
        using var job = new TinyJob();
        var nowhere = await AlignGuardProcess.RunAsync("status", "--store", job.Store("nowhere"));
        Assert.Equal(2, nowhere.ExitCode);
        Assert.Contains("There is no store", nowhere.Error);
        Assert.False(Directory.Exists(job.Store("nowhere")));
        Directory.CreateDirectory(job.Store("empty"));
        foreach (var command in new[] { new[] { "status", "absent" }, ["store", "verify", "absent"] })
        {
            var ended = await AlignGuardProcess.RunAsync([.. command, "--store", job.Store("empty")]);
            Assert.Equal(2, ended.ExitCode);
            Assert.Contains("There is no run 'absent'", ended.Error);
        }
        Assert.Empty(Directory.EnumerateFileSystemEntries(job.Store("empty")));
    }

    private static async Task<JsonElement> JsonAsync(params string[] arguments)
    {
        var ended = await AlignGuardProcess.RunAsync([.. arguments, "--json"]);
        Assert.True(ended.ExitCode == 0, ended.Error);
        return JsonDocument.Parse(ended.Output).RootElement;
    }
}
