using AlignGuard.Pipeline.Activities;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Activities;

public class TensorThreadTests
{
    [Fact]
    public async Task Every_part_of_the_work_runs_on_the_same_thread()
    {
        var threads = await TensorThread.RunAsync(async () =>
        {
            var seen = new List<int> { Environment.CurrentManagedThreadId };
            for (var n = 0; n < 5; n++)
            {
                await Task.Delay(1);
                await Task.Run(() => { });
                seen.Add(Environment.CurrentManagedThreadId);
            }
            return seen;
        });
        Assert.Single(threads.Distinct());
        Assert.NotEqual(Environment.CurrentManagedThreadId, threads[0]);
    }

    [Fact]
    public async Task A_failure_comes_out_as_it_is() =>
        Assert.Equal("late", (await Assert.ThrowsAsync<InvalidOperationException>(() => TensorThread.RunAsync<int>(async () =>
        {
            await Task.Delay(1);
            throw new InvalidOperationException("late");
        }))).Message);

    [Fact]
    public async Task Work_that_throws_before_its_first_await_or_is_cancelled_ends_too()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => TensorThread.RunAsync<int>(() => throw new InvalidOperationException()));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => TensorThread.RunAsync<int>(() => Task.FromCanceled<int>(new CancellationToken(true))));
    }
}
