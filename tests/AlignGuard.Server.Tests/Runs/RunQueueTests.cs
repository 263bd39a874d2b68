using AlignGuard.Models;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using AlignGuard.Server.Runs;
using AlignGuard.Server.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace AlignGuard.Server.Tests.Runs;

/// <summary>The queue: bounded, first come first served, one entry a run, and nothing that was accepted is lost.</summary>
public sealed class RunQueueTests : IDisposable
{
    private readonly ServerFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Asked_for_many_times_at_once_a_run_is_begun_once()
    {
        await using var server = await RunningServer.StartAsync(_folder);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => server.Handlers.StartAsync(new StartRequest(Jobs.Yaml())))));
        var id = Assert.Single(answers.Select(a => a.RunId).Distinct());
        await EndedAsync(server, id);
        Assert.True((await server.Handlers.StartAsync(new StartRequest(Jobs.Json()))).AlreadyKnown);
        Assert.Equal([id], server.Executor.Begun);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task No_more_runs_are_worked_on_at_once_than_allowed_and_they_come_in_order(int concurrency)
    {
        var open = new SemaphoreSlim(0);
        FakeExecutor? fake = null;
        await using var server = await RunningServer.StartAsync(_folder, concurrency: concurrency, work: async (job, stop) =>
        {
            await open.WaitAsync(stop);
            await fake!.FinishAsync(job);
        });
        fake = server.Executor;
        var ids = new List<string>();
        for (var n = 0; n < 8; n++) ids.Add(await server.Http.StartAsync(Jobs.Yaml($"job-{7 - n}")));
        for (var n = 0; n < 8; n++)
        {
            await Eventually.TrueAsync(() => fake.Begun.Count == Math.Min(8, n + concurrency), "all slots are taken");
            open.Release();
        }
        await EndedAsync(server, ids[^1]);
        await Eventually.TrueAsync(async () => (await Queue(server).IdsAsync()).Queued.Count == 0, "the queue is empty");
        Assert.Equal(concurrency, fake.Most);
        if (concurrency == 1) Assert.Equal(ids, fake.Begun);
        else Assert.Equal(ids.Order(), fake.Begun.Order());
    }

    [Fact]
    public async Task A_server_that_is_stopped_in_the_middle_takes_up_what_was_queued_when_it_comes_back()
    {
        var told = 0;
        List<string> ids = [];
        await using (var first = await RunningServer.StartAsync(_folder, work: async (_, stop) =>
        {
            try
            {
                await Task.Delay(Timeout.Infinite, stop);
            }
            catch (OperationCanceledException)
            {
                Interlocked.Increment(ref told);
                throw;
            }
        }))
        {
            for (var n = 0; n < 3; n++) ids.Add(await first.Http.StartAsync(Jobs.Yaml($"job-{n}")));
            await Eventually.TrueAsync(() => first.Executor.Begun.Count == 1, "the first has begun");
        }
        Assert.Equal(1, told);
        await using var second = await RunningServer.StartAsync(_folder);
        foreach (var id in ids) await EndedAsync(second, id);
        Assert.Equal(ids, second.Executor.Begun);
        await Eventually.TrueAsync(async () => (await _folder.Store.ListAsync("queue/")).Count == 0, "scans stay short");
    }

    [Fact]
    public async Task What_fails_is_tried_again_later_and_later_and_never_at_once()
    {
        var (time, tries) = (new FakeTimeProvider(new DateTimeOffset(2025, 1, 1, 0, 0, 0, TimeSpan.Zero)), new List<DateTimeOffset>());
        FakeExecutor? fake = null;
        await using var server = await RunningServer.StartAsync(_folder, time: time, work: (job, _) =>
        {
            lock (tries) tries.Add(time.GetUtcNow());
            return tries.Count < 4 ? throw new IOException("the disk is away") : fake!.FinishAsync(job);
        });
        fake = server.Executor;
        var id = await server.Http.StartAsync(Jobs.Yaml());
        await Eventually.TrueAsync(time, TimeSpan.FromSeconds(1), () => tries.Count == 4, "four attempts");
        await EndedAsync(server, id);
        var waits = tries.Zip(tries.Skip(1), (a, b) => (b - a).TotalSeconds).ToList();
        // 5, 10 and 20 s, less up to half of it; at most some seconds more that the clock was moved on while threads worked.
        for (var n = 0; n < 3; n++) Assert.True(waits[n] >= 2.5 * Math.Pow(2, n), $"wait {n} was {waits[n]} s");
        Assert.Contains("tried again", server.Log.Text);
    }

    [Theory]
    [InlineData(1, 0, 2.5)]
    [InlineData(1, 1, 5)]
    [InlineData(4, 1, 40)]
    [InlineData(30, 0, 1800)]
    [InlineData(2000, 1, 3600)]
    public void Waits_double_up_to_an_hour(int attempt, double jitter, double seconds) => Assert.Equal(seconds, RetryDelay.After(attempt, jitter).TotalSeconds);

    [Fact]
    public async Task A_run_that_another_server_works_on_leaves_its_slot_to_the_next_and_is_looked_at_again()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        FakeExecutor? fake = null;
        var busy = true;
        await using var server = await RunningServer.StartAsync(_folder, concurrency: 1, time: time, work: (job, _) =>
            job.Spec.Name == "first" && busy ? throw new RunBusyException("Run first is being worked on by another.") : fake!.FinishAsync(job));
        fake = server.Executor;
        var first = await server.Http.StartAsync(Jobs.Yaml("first"));
        var second = await server.Http.StartAsync(Jobs.Yaml("second"));
        await EndedAsync(server, second);
        Assert.Equal([first, second], fake.Begun);
        busy = false;
        await Eventually.TrueAsync(time, TimeSpan.FromSeconds(5), () => fake.Begun.Count == 3, "the first run is taken up");
        await EndedAsync(server, first);
        Assert.Contains(server.Log.Lines, l => l.Contains("is being worked on by another"));
        Assert.DoesNotContain(server.Log.Lines, l => l.Contains("failed (1 times"));
    }

    [Fact]
    public async Task A_fault_of_the_user_is_final_until_the_user_asks_again()
    {
        var mended = false;
        FakeExecutor? fake = null;
        await using var server = await RunningServer.StartAsync(_folder, work: (job, _) => mended ? fake!.FinishAsync(job) : throw new UserFaultException(["data.train: two rows are empty.", "model: no tokenizer."]));
        fake = server.Executor;
        var id = await server.Http.StartAsync(Jobs.Yaml());
        await Eventually.TrueAsync(async () => (await server.Handlers.StatusAsync(id)).Phase == RunPhase.Failed, "it has failed");
        Assert.Equal(["data.train: two rows are empty.", "model: no tokenizer."], (await server.Handlers.StatusAsync(id)).Problems);
        Assert.Equal(["queue/" + id + ".failed.json"], await _folder.Store.ListAsync("queue/"));
        // An event may be a repetition, a person is none.
        Assert.True((await Queue(server).AddAsync(Jobs.Entry(), again: false)).AlreadyKnown);
        Assert.Single(fake.Begun);
        mended = true;
        Assert.False((await server.Handlers.StartAsync(new StartRequest(Jobs.Yaml()))).AlreadyKnown);
        await EndedAsync(server, id);
        Assert.Empty((await server.Handlers.StatusAsync(id)).Problems);
    }

    [Fact]
    public async Task A_run_that_failed_by_its_own_log_is_ended_and_begun_again_only_when_asked()
    {
        FakeExecutor? fake = null;
        await using var server = await RunningServer.StartAsync(_folder, work: (job, _) => fake!.FailAsync(job, "no refusals"));
        fake = server.Executor;
        var id = await server.Http.StartAsync(Jobs.Yaml());
        await EndedAsync(server, id);
        Assert.Equal("no refusals", (await server.Handlers.StatusAsync(id)).Progress!.Message);
        Assert.True((await Queue(server).AddAsync(Jobs.Entry(), again: false)).AlreadyKnown);
        Assert.False((await server.Handlers.StartAsync(new StartRequest(Jobs.Yaml()))).AlreadyKnown);
    }

    [Fact]
    public async Task A_run_cancelled_while_it_waits_is_never_begun_and_cannot_come_back()
    {
        var open = new TaskCompletionSource();
        FakeExecutor? fake = null;
        await using var server = await RunningServer.StartAsync(_folder, work: async (job, _) =>
        {
            await open.Task;
            await fake!.FinishAsync(job);
        });
        fake = server.Executor;
        var first = await server.Http.StartAsync(Jobs.Yaml("first"));
        var second = await server.Http.StartAsync(Jobs.Yaml("second"));
        Assert.True((await server.Handlers.CancelAsync(second)).CancelRequested);
        open.SetResult();
        await Eventually.TrueAsync(async () => (await server.Handlers.StatusAsync(second)).Phase == RunPhase.Failed, "it is out of the queue");
        Assert.Contains("cancelled before it began", Assert.Single((await server.Handlers.StatusAsync(second)).Problems));
        Assert.True((await server.Handlers.StartAsync(new StartRequest(Jobs.Yaml("second")))).AlreadyKnown);
        await EndedAsync(server, first);
        Assert.Equal([first], fake.Begun);
    }

    [Fact]
    public async Task A_damaged_entry_is_named_and_holds_nobody_up()
    {
        await _folder.Store.CreateAsync("queue/broken-0123456789.json", "{ not json"u8.ToArray());
        await _folder.Store.CreateAsync("queue/newer-0123456789.json", "{ \"version\": 99 }"u8.ToArray());
        await using var server = await RunningServer.StartAsync(_folder);
        await EndedAsync(server, await server.Http.StartAsync(Jobs.Yaml()));
        Assert.Contains("queue/broken-0123456789.json is damaged", server.Log.Text);
        Assert.Contains("has version 99", server.Log.Text);
    }

    [Fact]
    public async Task An_entry_that_another_host_wrote_is_found()
    {
        await using var server = await RunningServer.StartAsync(_folder);
        var entry = Jobs.Entry();
        await new RunQueue(_folder.Store).AddAsync(entry, again: false);
        await EndedAsync(server, entry.Id);
    }

    /// <summary>A run moves from the queue to its own log while it is asked for: it is never between the two, at whichever read it moves.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_run_that_was_accepted_is_found_at_every_moment(bool fails)
    {
        var (queue, fake, moved) = (new RunQueue(_folder.Store), new FakeExecutor(_folder.Store), 0);
        for (var at = 0; moved == at; at++)
        {
            var (entry, reads) = (Jobs.Entry($"job-{at}"), 0);
            await queue.AddAsync(entry, again: false);
            var hooked = new HookedStore(_folder.Store, async () =>
            {
                if (reads++ != at) return;
                moved++;
                if (fails) await queue.FailAsync(entry, ["bad data"], entry.At);
                else
                {
                    await fake.FinishAsync(Jobs.Job($"job-{at}"));
                    await queue.RemoveAsync(entry.Id);
                }
            });
            var view = await new RunHandlers(hooked, new RunQueue(hooked), new JobPolicy(null), TimeProvider.System).StatusAsync(entry.Id);
            Assert.NotEqual(RunPhase.Resting, view.Phase);
        }
        Assert.True(moved >= 5, "Every read of a status was a moment to move at.");
    }

    private static RunQueue Queue(RunningServer server) => server.Services.GetRequiredService<RunQueue>();

    private static Task EndedAsync(RunningServer server, string id) =>
        Eventually.TrueAsync(async () => (await server.Handlers.StatusAsync(id)).Phase == RunPhase.Ended, $"{id} has ended");
}
