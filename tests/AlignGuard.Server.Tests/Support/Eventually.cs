using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;

namespace AlignGuard.Server.Tests.Support;

/// <summary>Waits for what other threads do. Nothing is ever decided by how long it took, only by whether it came.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    public static Task TrueAsync(Func<bool> condition, string what) => TrueAsync(() => Task.FromResult(condition()), what);

    public static async Task TrueAsync(Func<Task<bool>> condition, string what)
    {
        for (var watch = Stopwatch.StartNew(); !await condition(); await Task.Delay(5))
            if (watch.Elapsed > Longest) throw new TimeoutException($"This did not come true: {what}");
    }

    /// <summary>As time goes by: the clock is moved in small steps until the condition holds.</summary>
    public static Task TrueAsync(FakeTimeProvider time, TimeSpan step, Func<bool> condition, string what) => TrueAsync(() =>
    {
        if (condition()) return Task.FromResult(true);
        time.Advance(step);
        return Task.FromResult(false);
    }, what);
}
