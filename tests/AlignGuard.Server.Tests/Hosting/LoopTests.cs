using AlignGuard.Server.Hosting;
using AlignGuard.Server.Tests.Support;
using AlignGuard.Server.Triggers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace AlignGuard.Server.Tests.Hosting;

/// <summary>Loops live through what goes wrong in them, and one that hangs is told.</summary>
public sealed class LoopTests : IDisposable
{
    private readonly ServerFolder _folder = new();
    private readonly FakeTimeProvider _time = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_loop_is_dead_when_it_has_been_silent_for_three_turns_and_a_minute()
    {
        var health = new LoopHealth(_time);
        using var heart = health.Register("scan", TimeSpan.FromSeconds(10));
        _time.Advance(TimeSpan.FromSeconds(90));
        Assert.Empty(health.Problems());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Contains("'scan'", Assert.Single(health.Problems()));
        heart.Beat();
        Assert.Empty(health.Problems());
    }

    [Fact]
    public async Task A_turn_that_fails_is_logged_and_comes_again()
    {
        var loop = new Failing(new LoopHealth(_time), _time);
        await loop.StartAsync(CancellationToken.None);
        await Eventually.TrueAsync(_time, TimeSpan.FromMilliseconds(100), () => loop.Turns >= 3, "three turns");
        await loop.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_server_with_a_loop_that_hangs_is_not_ready()
    {
        await using var server = await RunningServer.StartAsync(_folder, time: _time);
        server.Services.GetRequiredService<LoopHealth>().Register("hanging", TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromMinutes(2));
        await Eventually.TrueAsync(async () => (await server.Http.GetStringOrProblemAsync("/health/ready")).Contains("'hanging'"), "it is told");
        Assert.Contains("'hanging'", await server.Http.GetAsync("/health/ready").ProblemAsync(503));
    }

    [Fact]
    public async Task The_loops_of_triggers_are_watched_over_and_signals_stop_the_host()
    {
        var drop = Directory.CreateDirectory(Path.Combine(_folder.Root, "drop")).FullName;
        await File.WriteAllTextAsync(Path.Combine(_folder.Root, "s.yaml"), "sweep");
        var schedules = Path.Combine(_folder.Root, "schedules.yaml");
        await File.WriteAllTextAsync(schedules, "schedules: [ { name: s, cron: '0 3 * * *', sweep: s.yaml } ]");
        await using var server = await RunningServer.StartAsync(_folder, sources: [WatchedSource.Folder(drop)], schedules: schedules);
        await Eventually.TrueAsync(() => server.Services.GetRequiredService<LoopHealth>().Names.SequenceEqual(["queue", "scan", "schedules"]), "every loop has a heart");
        Assert.Equal("ConsoleLifetime", server.Services.GetRequiredService<IHostLifetime>().GetType().Name);
    }

    private sealed class Failing(LoopHealth health, TimeProvider time) : ScanLoop("failing", TimeSpan.FromSeconds(1), health, time, NullLogger.Instance)
    {
        public int Turns { get; private set; }

        protected override Task<TimeSpan?> TurnAsync(CancellationToken stop)
        {
            Turns++;
            throw new InvalidOperationException();
        }
    }
}
