using System.Globalization;
using System.Text.Json;
using AlignGuard.Domain.Estimates;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Tests.Cloud;
using AlignGuard.Pipeline.Verification;
using Xunit;
using Memory = AlignGuard.Domain.Estimates.Memory;

namespace AlignGuard.Pipeline.Tests;

/// <summary>docs/azure.md says what many runs at once ask of scheduler and storage: its table is computed again, from a recorded history and from the sizes that runs commit.</summary>
public class ScalingTests
{
    private static readonly string Root = typeof(ScalingTests).Assembly.GetCustomAttributes(false).OfType<System.Reflection.AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;

    // Open, report and start, whatever the run.
    private const int ActionsOfARun = 5;

    /// <summary>What the service counts as actions: starts, calls, their answers, fired timers, events.</summary>
    private static int Actions(IReadOnlyList<HistoryItem> history) => history.Count(i => i.Kind is "ExecutionStarted" or "TaskScheduled" or "TaskCompleted" or "TimerFired" or "EventRaised");

    [Fact]
    public void A_command_takes_four_actions_as_the_recorded_history_has_it()
    {
        var history = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Histories", "v1-run.jsonl")).Select(line => JsonSerializer.Deserialize<HistoryItem>(line)!).ToList();
        var commands = history.Count(i => i.Kind == "TaskScheduled" && i.Name is "Baseline" or "Fisher" or "Decompose" or "Segment" or "DriftCheck" or "Gate" or "Publish");
        Assert.Equal(ActionsOfARun + 4 * commands, Actions(history));
    }

    [Fact]
    public void The_table_of_the_documents_is_what_is_computed()
    {
        var folder = Path.Combine(Root, "samples", "llama3-8b-summarisation");
        var (shape, spec) = (ModelFolder.Read(Path.Combine(folder, "shape")).Shape, JobFileReader.Read(Path.Combine(folder, "job.yaml"), []).Spec);
        var estimate = Estimate.make(shape, spec, DeviceModule.known.First(d => d.Name == "a100-80"), EfficiencyModule.usual, new Lengths(128, spec.Train.SeqLen, spec.Train.SeqLen, 1000));
        var (segments, checks) = Duration.course(spec);
        var refreshes = Duration.refreshes(spec);
        // Baseline, gate, approval and publication; the final check.
        var commands = 4 + segments + checks + 1 + 2 * refreshes;
        var actions = ActionsOfARun + 4 * commands;
        // Adapter and AdamW's two moments; factors.
        var bytes = segments * 12.0 * estimate.LoraParameters + refreshes * (double)Memory.fisherFile(shape, spec);
        var (seconds, commits) = (estimate.Seconds, segments + checks + 1 + 3 + 2 * refreshes);
        var text = File.ReadAllText(Path.Combine(Root, "docs", "azure.md"));
        Assert.Contains(Line($"A run of that job: {commands} commands, {actions} actions, {commits} commits, {bytes / 1e9:f1} GB written, {seconds / 3600:f1} h on an A100."), text);
        foreach (var runs in new[] { 1, 100, 10_000 })
            Assert.Contains(Line($"| {runs:n0} | {runs * actions / seconds:f4} | {runs * commits / seconds:f4} | {runs * bytes * 8 / seconds / 1e9:f3} | {runs * estimate.Cost(4.0):n0} |"), text);
    }

    private static string Line(FormattableString line) => line.ToString(CultureInfo.InvariantCulture);
}
