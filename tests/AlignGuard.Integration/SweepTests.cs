using System.Text.Json;
using Xunit;

namespace AlignGuard.Integration;

/// <summary>Sweeps as a user has them: a file, a command, a table.</summary>
public class SweepTests
{
    private const string Grid = """
        name: tiny-grid
        job: job.yaml
        grid: { guard.lambdaA: [0.025, 2.5] }
        cells: [ { method: lora }, { fisher.prompts: harmless.txt } ]
        parallel: 1
        hopeless: off
        """;

    [Fact]
    public async Task A_sweep_shares_what_its_cells_share_survives_a_failed_one_and_goes_on_where_it_was_killed()
    {
        using var job = new TinyJob();
        // No model refuses these: there is nothing to guard, and the cell cannot run.
        File.WriteAllText(Path.Combine(job.Folder, "harmless.txt"), string.Join('\n', Enumerable.Range(0, 40).Select(n => $"What is {n % 10} plus {n / 10}?")));
        var file = Sweep(job, Grid);
        string[] command = ["sweep", file, "--json", "--set", "train.steps=8", "--set", "train.segment=4", "--set", "driftcheck.every=final"];
        var calm = await AlignGuardProcess.RunAsync([.. command, "--store", job.Store("calm"), "--csv", Path.Combine(job.Folder, "result.csv")]);
        Assert.True(calm.ExitCode == 0, calm.Error);
        var cells = Cells(calm);
        Assert.Equal(["rejected", "rejected", "rejected", "failed"], cells.Select(c => c.GetProperty("outcome").GetString()));
        Assert.Contains("refuses only", cells[3].GetProperty("reason").GetString());
        Assert.All(cells.Take(3), c => Assert.Equal(8, c.GetProperty("step").GetInt32()));
        Assert.Contains(cells, c => c.GetProperty("onFront").GetBoolean());
        Assert.Equal(5, File.ReadAllLines(Path.Combine(job.Folder, "result.csv")).Length);
        // One measurement of the base and one Fisher for the three that can share them.
        Assert.Single(Directory.GetDirectories(Path.Combine(job.Store("calm"), "baselines")));
        Assert.Single(Directory.GetDirectories(Path.Combine(job.Store("calm"), "fishers")));
        Assert.Contains("tiny-grid", File.ReadAllText(Directory.GetFiles(Path.Combine(job.Store("calm"), "sweeps"), "report.html", SearchOption.AllDirectories).Single()));

        var seed = Environment.TickCount;
        var random = new Random(seed);
        Ended? stormy = null;
        var kills = 0;
        for (; stormy is null; kills++)
        {
            Assert.True(kills < 40, $"never finished; seed {seed}");
            using var process = AlignGuardProcess.Start([.. command, "--store", job.Store("stormy")]);
            if (await process.EndsWithinAsync(TimeSpan.FromMilliseconds(random.Next(800, 3000) + kills * 300))) stormy = await process.EndAsync();
            else process.Kill();
        }
        Assert.True(stormy.ExitCode == 0, $"seed {seed}: {stormy.Error}");
        Assert.True(kills > 1, $"never killed; seed {seed}");
        Assert.Equal(cells.Select(Figures), Cells(stormy).Select(Figures));
    }

    [Fact]
    public async Task A_hopeless_cell_is_stopped_early_and_a_cancelled_sweep_ends_its_runs()
    {
        using var job = new TinyJob();
        var file = Sweep(job, """
            name: hopeless
            job: job.yaml
            cells: [ { method: lora, train.lr: 5e-2, train.steps: 4000, train.segment: 20 } ]
            hopeless: { after: 0.004, refusalDrop: 0.2 }
            """);
        var ended = await AlignGuardProcess.RunAsync("sweep", file, "--json", "--store", job.Store("store"), "--set", "driftcheck.size=40");
        Assert.True(ended.ExitCode == 0, ended.Error);
        var cell = Assert.Single(Cells(ended));
        Assert.Equal("hopeless", cell.GetProperty("outcome").GetString());
        Assert.True(cell.GetProperty("step").GetInt32() < 2000);
        Assert.Contains("unsafe prompts", cell.GetProperty("reason").GetString());

        var longer = Sweep(job, """
            name: longer
            job: job.yaml
            cells: [ { train.steps: 4000, train.segment: 2000, guard.refreshEvery: 0 }, { train.steps: 4001, train.segment: 2000, guard.refreshEvery: 0 } ]
            """);
        using var process = AlignGuardProcess.Start(["sweep", longer, "--store", job.Store("cancelled")]);
        var sweeps = Path.Combine(job.Store("cancelled"), "sweeps");
        await process.UntilAsync(() => Directory.Exists(sweeps) && Directory.GetFiles(job.Store("cancelled"), "commit.json", SearchOption.AllDirectories).Length >= 3);
        Assert.Equal(0, (await AlignGuardProcess.RunAsync("cancel", Path.GetFileName(Directory.GetDirectories(sweeps).Single()), "--store", job.Store("cancelled"))).ExitCode);
        var cancelled = await process.EndAsync();
        Assert.True(cancelled.ExitCode == 4, $"{cancelled.ExitCode}: {cancelled.Error}");
        Assert.Contains("cancelled", cancelled.Output);
    }

    [Fact]
    public async Task Everything_wrong_with_a_sweep_is_told_at_once()
    {
        using var job = new TinyJob();
        var file = Sweep(job, """
            name: wrong
            job: job.yaml
            grid: { guard.lamdaA: [1], train.lr: [fast] }
            cells: [ { guard.rank.min: 60 } ]
            """);
        var refused = await AlignGuardProcess.RunAsync("sweep", file, "--store", job.Store("store"));
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("guard.lambdaA", refused.Error);
        Assert.Contains("fast", refused.Error);
        Assert.False(Directory.Exists(job.Store("store")));
        // What only shows when the job is put together: a smallest rank above the largest.
        var crossed = await AlignGuardProcess.RunAsync("sweep", Sweep(job, "name: crossed\njob: job.yaml\ncells: [ { guard.rank.min: 60 } ]\n"), "--store", job.Store("store"));
        Assert.Equal(2, crossed.ExitCode);
        Assert.Contains("guard.rank", crossed.Error);
    }

    private static string Sweep(TinyJob job, string text)
    {
        var file = Path.Combine(job.Folder, $"{Guid.NewGuid():N}.yaml");
        File.WriteAllText(file, text);
        return file;
    }

    private static List<JsonElement> Cells(Ended ended) => [.. JsonDocument.Parse(ended.Output).RootElement.GetProperty("cells").EnumerateArray()];

    private static string Figures(JsonElement cell) => string.Join(' ', new[] { "label", "outcome", "step", "refusal", "helpful", "task", "refusalKept", "onFront" }.Select(name => cell.GetProperty(name).ToString()));
}
