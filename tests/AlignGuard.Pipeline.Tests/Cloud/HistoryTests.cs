using System.Text.Json;
using AlignGuard.Pipeline.Cloud;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Cloud;

/// <summary>
/// Histories that the Durable Task engine wrote, replayed by the code of today: every call, timer and message must come again, in its place and with its content. A failure means that runs which are under way
/// would break: undo the change, or raise <see cref="CloudNames.Version"/> and record that version's histories beside these (ALIGNGUARD_RECORD, see functions/README.md).
/// </summary>
public class HistoryTests
{
    public static TheoryData<string> Names => [.. Directory.EnumerateFiles(Folder, $"v{CloudNames.Version}-*.jsonl").Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Histories");

    [Theory]
    [MemberData(nameof(Names))]
    public void A_recorded_history_is_replayed_to_the_same_end(string name)
    {
        var (history, end) = Read(name);
        var episode = Replay(history);
        Assert.Empty(episode.Asked);
        Assert.Equal(end, JsonSerializer.Serialize(episode.Result));
    }

    [Fact]
    public void There_are_histories_of_this_version() => Assert.True(Names.Count >= 4, $"There are {Names.Count} histories of version {CloudNames.Version} in {Folder}.");

    [Theory]
    [MemberData(nameof(Names))]
    public void At_every_point_of_a_history_the_code_asks_for_what_comes_next(string name)
    {
        var (history, _) = Read(name);
        for (var n = 2; n < history.Count; n++)
        {
            if (history[n].Kind != HistoryItem.Started) continue;
            var before = history.Take(n).ToList();
            // Actions are written after the turn that asked for them; without them the code must ask for the same.
            var last = before.FindLastIndex(i => !i.IsAction) + 1;
            Assert.Equal(before.Skip(last), Replay([.. before.Take(last)]).Asked);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_history_with_two_calls_exchanged_is_refused(string name)
    {
        var (history, _) = Read(name);
        var broken = history.ToList();
        var calls = Enumerable.Range(0, broken.Count).Where(n => broken[n].IsAction).ToList();
        var (a, b) = (calls[^2], calls[^1]);
        (broken[a], broken[b]) = (broken[b] with { Id = broken[a].Id }, broken[a] with { Id = broken[b].Id });
        Assert.Throws<NonDeterminismException>(() => Replay(broken));
    }

    [Fact]
    public void The_history_that_another_code_wrote_is_refused()
    {
        var (history, _) = Read("broken-run.jsonl");
        var e = Assert.Throws<NonDeterminismException>(() => Replay(history));
        Assert.Contains("DriftCheck", e.Message);
    }

    private static Episode Replay(IReadOnlyList<HistoryItem> history)
    {
        var start = history.First(i => i.Kind == "ExecutionStarted");
        return ReplayHost.Run(host => start.Name == CloudNames.Sweep
            ? SweepOrchestration.RunAsync(host, JsonSerializer.Deserialize<SweepRequest>(start.Payload!)!)
            : RunOrchestration.RunAsync(host, JsonSerializer.Deserialize<RunRequest>(start.Payload!)!), [.. history.Where(i => i != start)], start.Target!);
    }

    private static (IReadOnlyList<HistoryItem> History, string? End) Read(string name)
    {
        var all = HistoryItem.Read(File.ReadAllText(Path.Combine(Folder, name)));
        return ([.. all.Where(i => i.Kind != "ExecutionCompleted")], all.LastOrDefault(i => i.Kind == "ExecutionCompleted")?.Payload);
    }
}
