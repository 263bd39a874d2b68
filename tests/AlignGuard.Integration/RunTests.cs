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

    /// <summary>What else the guard and the Fisher can be told to be: each goes the whole way.</summary>
    [Theory]
    [InlineData("guard.projector=soft", "guard.metric=euclidean")]
    [InlineData("guard.projector=left", "guard.h=task-fisher")]
    [InlineData("fisher.kind=true", "fisher.form=sketch")]
    [InlineData("guard.rows=trim", "train.accumulate=2")]
    [InlineData("guard.refreshEvery=0", "lora.targets=[q_proj,down_proj]")]
    public async Task Every_choice_of_the_guard_goes_the_whole_way(string one, string other)
    {
        using var job = new TinyJob();
        var ended = await AlignGuardProcess.RunAsync([.. job.Command("store"), "--json", .. new[] { one, other, "train.steps=8", "train.segment=4", "driftcheck.every=final" }.SelectMany(o => new[] { "--set", o })]);
        Assert.True(Finished.Contains(ended.ExitCode), ended.Error);
        var report = JsonDocument.Parse(ended.Output).RootElement;
        var steps = report.GetProperty("steps").EnumerateArray().ToList();
        Assert.Equal(8, steps.Count);
        Assert.All(steps.Skip(1), step => Assert.True(step.GetProperty("alignment").GetDouble() > 0));
        Assert.NotEmpty(report.GetProperty("spectra").EnumerateArray());
        // The teacher-forced pair belongs to every segment, whatever ended it.
        Assert.Equal(JsonDocument.Parse(ended.Output).RootElement.GetProperty("forced").GetArrayLength(), Directory.GetDirectories(Path.Combine(Directory.GetDirectories(Path.Combine(job.Store("store"), "runs")).Single(), "segments")).Length);
    }

    /// <summary>With limits that this little training meets: what the gate accepts is published, and a second run of the name takes its place.</summary>
    [Fact]
    public async Task An_accepted_adapter_is_published_and_a_rejected_one_is_not()
    {
        using var job = new TinyJob();
        string[] learns = ["method=lora", "train.steps=100", "train.segment=100", "train.batch=8", "train.lr=5e-3", "driftcheck.every=final", "lora.dropout=0",
            "gate.refusalDrop=0.99", "gate.overRefusalRise=0.99", "gate.coherenceDrop=0.99", "gate.confidence=0.8"];
        string[] Sets(params string[] sets) => [.. learns.Concat(sets).SelectMany(o => new[] { "--set", o })];
        var rejected = await AlignGuardProcess.RunAsync([.. job.Command("store"), .. Sets("gate.refusalDrop=0.01", "gate.task.gain=0.999")]);
        Assert.True(rejected.ExitCode == 3, rejected.Error);
        Assert.Matches(@"^Rejected: .*task .*\(more than 99\.9 asked for; 80 % bound ", rejected.Output.TrimEnd().Split('\n')[^1]);
        Assert.False(Directory.Exists(Path.Combine(job.Store("store"), "models")));

        var accepted = await AlignGuardProcess.RunAsync([.. job.Command("store"), .. Sets()]);
        Assert.True(accepted.ExitCode == 0, accepted.Output + accepted.Error);
        var current = JsonDocument.Parse(File.ReadAllText(Path.Combine(job.Store("store"), "models", "tiny", "current.json"))).RootElement;
        var adapter = Path.Combine(job.Store("store"), current.GetProperty("adapter").GetString()!);
        Assert.Contains(adapter, accepted.Output);
        Assert.StartsWith("Accepted: refusals ", accepted.Output.TrimEnd().Split('\n')[^1]);
        using (var model = AlignGuard.Models.Decoders.DecoderCheckpoint.Load(Path.Combine(AppContext.BaseDirectory, "samples", "models", "aligned-demo")))
        using (var loaded = AlignGuard.Models.Lora.PeftAdapter.Load(model, adapter))
            Assert.Equal(28, loaded.Sites.Count());
        var card = File.ReadAllText(Path.Combine(adapter, "README.md"));
        Assert.Contains("accepted by the alignment gate", card);
        Assert.Contains("Answers were read by `rules/2`, which decides.", card);
        foreach (var row in new[] { "unsafe prompts refused", "unsafe prompts answered", "safe prompts refused", "safe prompts answered", "task rows exactly right" })
            Assert.Matches($@"\| {row} \| \d+\.\d % \| \d+\.\d % \|", card);
        var pinned = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(job.Store("store"), AlignGuard.Pipeline.Activities.PinnedRun.Name(current.GetProperty("runId").GetString()!)))).RootElement;
        foreach (var (what, key) in new[] { ("job", "specHash"), ("base model", "modelHash"), ("data", "dataHash"), ("DriftCheck prompts", "promptHash") })
            Assert.Contains($"| {what} | {pinned.GetProperty(key).GetString()} |", card);

        // The finished run is the reference of the next, which must be no worse on the same rows.
        var runId = current.GetProperty("runId").GetString();
        var next = await AlignGuardProcess.RunAsync([.. job.Command("store"), .. Sets("train.seed=1", $"gate.task.reference={runId}", "gate.task.drop=0.9")]);
        Assert.True(next.ExitCode == 0, next.Output + next.Error);
        Assert.NotEqual(runId, JsonDocument.Parse(File.ReadAllText(Path.Combine(job.Store("store"), "models", "tiny", "current.json"))).RootElement.GetProperty("runId").GetString());
        var missing = await AlignGuardProcess.RunAsync([.. job.Command("store"), .. Sets("gate.task.reference=nobody", "gate.task.drop=0.9")]);
        Assert.Equal(2, missing.ExitCode);
        Assert.Contains("'nobody' has no final DriftCheck", missing.Error);
    }

    [Fact]
    public async Task A_cancelled_run_commits_what_it_has_and_is_over_for_good()
    {
        using var job = new TinyJob();
        string[] longer = ["--set", "train.steps=2000", "--set", "train.segment=2000", "--set", "guard.refreshEvery=0"];
        using (var process = AlignGuardProcess.Start([.. job.Command("store"), .. longer]))
        {
            await process.UntilAsync(() => Directory.Exists(job.Store("store")) && Directory.GetDirectories(job.Store("store"), "basis", SearchOption.AllDirectories).Length > 0);
            await Task.Delay(1500);
            var run = Path.GetFileName(Directory.GetDirectories(Path.Combine(job.Store("store"), "runs")).Single());
            Assert.Equal(0, (await AlignGuardProcess.RunAsync("cancel", run, "--store", job.Store("store"))).ExitCode);
            var ended = await process.EndAsync();
            Assert.True(ended.ExitCode == 4, $"{ended.ExitCode}: {ended.Error}");
            Assert.Contains("was cancelled at step", ended.Error);

            var status = JsonDocument.Parse((await AlignGuardProcess.RunAsync("status", run, "--store", job.Store("store"), "--json")).Output).RootElement;
            Assert.Equal("cancelled", status.GetProperty("stage").GetString());
            Assert.InRange(status.GetProperty("step").GetInt32(), 1, 1999);
            Assert.Equal(0, (await AlignGuardProcess.RunAsync("store", "verify", run, "--store", job.Store("store"))).ExitCode);
            Assert.Contains("has ended already", (await AlignGuardProcess.RunAsync("cancel", run, "--store", job.Store("store"))).Error);
        }
        var again = await AlignGuardProcess.RunAsync([.. job.Command("store"), .. longer]);
        Assert.True(again.ExitCode == 4, again.Error);
    }

    /// <summary>Nobody works on it: the next command that would finds the wish.</summary>
    [Fact]
    public async Task A_run_cancelled_while_it_lies_still_ends_when_it_is_taken_up()
    {
        using var job = new TinyJob();
        using (var killed = AlignGuardProcess.Start(job.Command("store"), new Dictionary<string, string> { ["ALIGNGUARD_KILL_AT"] = "event-logged:1" })) await killed.EndAsync();
        var run = Path.GetFileName(Directory.GetDirectories(Path.Combine(job.Store("store"), "runs")).Single());
        Assert.Equal(0, (await AlignGuardProcess.RunAsync("cancel", run, "--store", job.Store("store"))).ExitCode);
        var ended = await AlignGuardProcess.RunAsync(job.Command("store"));
        Assert.True(ended.ExitCode == 4, $"{ended.ExitCode}: {ended.Error}");
        Assert.Contains("was cancelled at step 0", ended.Error);
    }

    [Fact]
    public async Task A_failed_run_is_tried_again_when_its_cause_is_mended()
    {
        using var job = new TinyJob();
        var prompts = Path.Combine(Path.GetDirectoryName(job.JobFile)!, "fisher.txt");
        string[] command = [.. job.Command("store"), "--set", $"fisher.prompts={prompts}"];
        File.WriteAllText(prompts, string.Join('\n', Enumerable.Range(0, 40).Select(n => $"What is {n % 10} plus {n / 10}?")));
        var failed = await AlignGuardProcess.RunAsync(command);
        Assert.Equal(2, failed.ExitCode);
        Assert.Contains("refuses only", failed.Error);
        File.WriteAllText(prompts, string.Join('\n', AlignGuard.Evaluation.Prompts.PromptBank.Fisher(40).Select(p => p.Text)));
        var mended = await AlignGuardProcess.RunAsync(command);
        Assert.True(Finished.Contains(mended.ExitCode), mended.Error);
        Assert.Contains("It is tried again.", mended.Error);
    }

    [Fact]
    public async Task Prompts_from_files_need_both_classes_and_are_taken_in_turn()
    {
        using var job = new TinyJob();
        var folder = Path.GetDirectoryName(job.JobFile)!;
        var bank = AlignGuard.Evaluation.Prompts.PromptBank.DriftCheck(40);
        var (text, rows) = (Path.Combine(folder, "prompts.txt"), Path.Combine(folder, "prompts.jsonl"));
        File.WriteAllText(text, string.Join('\n', bank.Where(p => p.Unsafe).Select(p => p.Text)));
        var oneClass = await AlignGuardProcess.RunAsync([.. job.Command("store"), "--set", $"driftcheck.prompts={text}"]);
        Assert.Equal(2, oneClass.ExitCode);
        Assert.Contains("20 unsafe and 0 safe prompts", oneClass.Error);

        // All of one class first: the quick check, a prefix, still holds both.
        File.WriteAllText(rows, string.Concat(bank.OrderBy(p => p.Unsafe).Select(p => JsonSerializer.Serialize(new { prompt = p.Text, label = p.Unsafe ? "unsafe" : "safe" }) + "\n")));
        var both = await AlignGuardProcess.RunAsync([.. job.Command("store"), "--json", "--set", $"driftcheck.prompts={rows}", "--set", "driftcheck.size=10", "--set", "train.steps=8"]);
        Assert.True(Finished.Contains(both.ExitCode), both.Error);
        Assert.Equal(20, JsonDocument.Parse(both.Output).RootElement.GetProperty("tuned").GetProperty("refusal").GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task A_run_whose_store_is_full_says_so_and_goes_on_when_there_is_room()
    {
        using var job = new TinyJob();
        var calm = await AlignGuardProcess.RunAsync(job.Command("calm"));
        Assert.True(Finished.Contains(calm.ExitCode), calm.Error);

        var full = await AlignGuardProcess.RunOnFullDiskAsync(600, job.Command("full"));
        Assert.True(full.ExitCode == 2, $"{full.ExitCode}: {full.Error}");
        Assert.Contains("free space", full.Error);
        Assert.DoesNotContain("   at ", full.Error);
        Assert.Empty(Directory.GetFiles(Path.Combine(job.Store("full"), ".tmp")));
        var resumed = await AlignGuardProcess.RunAsync(job.Command("full"));
        Assert.True(Finished.Contains(resumed.ExitCode), resumed.Error);
        Assert.Equal(job.FinalState("calm"), job.FinalState("full"));
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

    /// <summary>Measuring takes longer than machines that are taken away wait: it is dropped, not finished.</summary>
    [Theory]
    [InlineData("baseline", 0)]
    [InlineData("fisher/0", 2)]
    public async Task A_run_told_to_stop_while_it_measures_ends_at_once(string stage, int eventsBefore)
    {
        using var job = new TinyJob();
        string[] slow = eventsBefore == 0 ? ["--set", "driftcheck.final=3000", "--set", "driftcheck.batch=4", "--set", "driftcheck.maxNewTokens=48"] : ["--set", "fisher.samples=1000", "--set", "fisher.batch=1"];
        using var process = AlignGuardProcess.Start([.. job.Command("store"), .. slow]);
        string Log() => Directory.Exists(job.Store("store")) && Directory.GetFiles(job.Store("store"), "events.jsonl", SearchOption.AllDirectories).FirstOrDefault() is { } file ? File.ReadAllText(file) : "";
        await process.UntilAsync(() => Log().Count(c => c == '\n') >= Math.Max(1, eventsBefore));
        await Task.Delay(500);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        await process.TerminateAsync();
        var ended = await process.EndAsync();
        Assert.True(ended.ExitCode == 4, $"{ended.ExitCode}: {ended.Error}");
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"took {watch.Elapsed}");
        Assert.DoesNotContain(stage, Log());
        Assert.DoesNotContain("failed", Log());
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
