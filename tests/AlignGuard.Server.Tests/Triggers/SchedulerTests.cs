using System.Collections.Concurrent;
using AlignGuard.Server.Runs;
using AlignGuard.Server.Tests.Support;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace AlignGuard.Server.Tests.Triggers;

/// <summary>The clock starts every occurrence once: over restarts, replicas and times when nobody ran.</summary>
public sealed class SchedulerTests : IDisposable
{
    // So small that the time a busy machine makes a test wait never amounts to another occurrence.
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);
    private readonly ServerFolder _folder = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2025, 1, 1, 12, 0, 30, TimeSpan.Zero));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_occurrence_is_started_once_over_a_restart()
    {
        var file = Write("0 * * * *");
        await using (var first = await RunningServer.StartAsync(_folder, time: _time, schedules: file))
        {
            await FirstSeenAsync();
            foreach (var hour in new[] { 13, 14 }) await HourAsync(hour);
            await Eventually.TrueAsync(() => first.Executor.Begun.Count == 2, "both have begun");
            Assert.All(first.Executor.Begun, id => Assert.StartsWith("job-20250101T1", id));
        }
        Assert.Equal(["20250101T1300Z", "20250101T1400Z"], await OccurrencesAsync());
        await using var second = await RunningServer.StartAsync(_folder, time: _time, schedules: file);
        await HourAsync(15);
        await Eventually.TrueAsync(() => second.Executor.Begun.Count == 1, "the third alone has begun");
        Assert.Equal(["20250101T1300Z", "20250101T1400Z", "20250101T1500Z"], await OccurrencesAsync());
    }

    [Fact]
    public async Task Two_replicas_start_an_occurrence_once()
    {
        var file = Write("0 * * * *");
        await using var one = await RunningServer.StartAsync(_folder, time: _time, schedules: file);
        await using var two = await RunningServer.StartAsync(_folder, time: _time, schedules: file);
        await FirstSeenAsync();
        foreach (var hour in new[] { 13, 14, 15 }) await HourAsync(hour);
        // The record of an occurrence is there a moment before the line that tells of it, so each line is waited for.
        await Eventually.TrueAsync(() => new[] { 13, 14, 15 }.All(h => (one.Log.Text + two.Log.Text).Contains($"starts job-20250101T{h}00Z")), "all three have been started");
        Assert.Equal(["20250101T1300Z", "20250101T1400Z", "20250101T1500Z"], await OccurrencesAsync());
        foreach (var hour in new[] { 13, 14, 15 }) Assert.Single(one.Log.Lines.Concat(two.Log.Lines), l => l.Contains($"starts job-20250101T{hour}00Z"));
    }

    [Fact]
    public async Task Of_what_was_missed_the_latest_alone_is_caught_up()
    {
        var file = Write("0 * * * *");
        await using (await RunningServer.StartAsync(_folder, time: _time, schedules: file)) await FirstSeenAsync();
        _time.Advance(TimeSpan.FromHours(50));
        await using var server = await RunningServer.StartAsync(_folder, time: _time, schedules: file);
        await Eventually.TrueAsync(() => server.Executor.Begun.Count == 1, "it is caught up");
        Assert.Equal(["20250103T1400Z"], await OccurrencesAsync());
    }

    [Fact]
    public async Task What_lay_before_the_schedule_was_written_is_not_caught_up()
    {
        await using var server = await RunningServer.StartAsync(_folder, time: _time, schedules: Write("0 12 * * *"));
        await FirstSeenAsync();
        _time.Advance(TimeSpan.FromHours(24));
        await Eventually.TrueAsync(_time, Step, () => server.Executor.Begun.Count == 1, "the first occurrence");
        Assert.Equal(["20250102T1200Z"], await OccurrencesAsync());
    }

    [Fact]
    public async Task A_sweep_goes_to_its_own_executor_and_is_tried_again_when_it_fails()
    {
        var sweeps = new FakeSweeps();
        await File.WriteAllTextAsync(Path.Combine(_folder.Root, "sweep.yaml"), "the sweep");
        await using var server = await RunningServer.StartAsync(_folder, time: _time, schedules: Write("0 * * * *", "sweep: sweep.yaml"), sweeps: sweeps);
        await FirstSeenAsync();
        await HourAsync(13);
        await Eventually.TrueAsync(_time, Step, () => sweeps.Begun.Count >= 2, "it was tried twice");
        Assert.All(sweeps.Begun.Take(2), s => Assert.Equal(new Sweep("hourly-20250101T1300Z", "the sweep", _folder.Root), s));
        await Eventually.TrueAsync(async () => (await _folder.Store.ListAsync("queue/")).Count == 0, "it is out of the queue");
    }

    [Fact]
    public async Task A_sweep_that_is_told_to_stop_and_returns_goes_on_after_the_restart()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.Root, "sweep.yaml"), "the sweep");
        var file = Write("0 * * * *", "sweep: sweep.yaml");
        var (first, second) = (new FakeSweeps { UntilStopped = true }, new FakeSweeps { UntilStopped = true });
        await using (await RunningServer.StartAsync(_folder, time: _time, schedules: file, sweeps: first))
        {
            await FirstSeenAsync();
            await HourAsync(13);
            await Eventually.TrueAsync(() => first.Begun.Count == 1, "it has begun");
        }
        await using var server = await RunningServer.StartAsync(_folder, time: _time, schedules: file, sweeps: second);
        await Eventually.TrueAsync(() => second.Begun.Count == 1, "it goes on");
        Assert.Equal(first.Begun, second.Begun);
    }

    [Fact]
    public async Task A_job_that_has_gone_bad_is_recorded_and_the_next_occurrence_comes()
    {
        var file = Write("0 * * * *");
        await using var server = await RunningServer.StartAsync(_folder, time: _time, schedules: file);
        await FirstSeenAsync();
        var job = Path.Combine(_folder.Root, "job.yaml");
        File.Delete(job);
        await HourAsync(13);
        await Eventually.TrueAsync(() => server.Log.Text.Contains("starts nothing at 20250101T1300Z"), "it is refused");
        await File.WriteAllTextAsync(job, Jobs.Yaml());
        await HourAsync(14);
        await Eventually.TrueAsync(() => server.Executor.Begun.Count == 1, "it has begun");
        Assert.StartsWith("job-20250101T1400Z-", Assert.Single(server.Executor.Begun));
    }

    private string Write(string cron, string what = "job: job.yaml")
    {
        File.WriteAllText(Path.Combine(_folder.Root, "job.yaml"), Jobs.Yaml());
        var path = Path.Combine(_folder.Root, "schedules.yaml");
        File.WriteAllText(path, $"schedules: [ {{ name: hourly, cron: \"{cron}\", {what} }} ]");
        return path;
    }

    private Task FirstSeenAsync() => Eventually.TrueAsync(async () => (await _folder.Store.ListAsync("triggers/schedule/")).Any(n => n.Contains("since-")), "the schedule is seen");

    /// <summary>The next hour strikes, and what it starts is recorded.</summary>
    private async Task HourAsync(int hour)
    {
        _time.Advance(TimeSpan.FromHours(1));
        var name = $"triggers/schedule/hourly/20250101T{hour}00Z.json";
        await Eventually.TrueAsync(async () =>
        {
            if (await _folder.Store.ReadAsync(name) is not null) return true;
            _time.Advance(Step);
            return false;
        }, $"{hour} o'clock is recorded");
    }

    private async Task<IReadOnlyList<string>> OccurrencesAsync() =>
        [.. (await _folder.Store.ListAsync("triggers/schedule/hourly/")).Select(n => Path.GetFileNameWithoutExtension(n)).Where(n => !n.StartsWith("since-"))];

    private sealed class FakeSweeps : ISweepExecutor
    {
        public ConcurrentQueue<Sweep> Begun { get; } = new();

        /// <summary>Works until it is told to stop, and returns then; otherwise it fails once and is done the second time.</summary>
        public bool UntilStopped { get; init; }

        public async Task ExecuteAsync(Sweep sweep, CancellationToken stop)
        {
            Begun.Enqueue(sweep);
            if (UntilStopped) await Task.Delay(Timeout.Infinite, stop).ContinueWith(_ => { }, CancellationToken.None);
            else if (Begun.Count == 1) throw new IOException("busy");
        }
    }
}
