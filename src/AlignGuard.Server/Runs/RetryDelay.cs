namespace AlignGuard.Server.Runs;

/// <summary>How long a failed run waits before it is tried again.</summary>
internal static class RetryDelay
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(5), Longest = TimeSpan.FromHours(1);

    /// <summary>5 s, doubled with every attempt, one hour at most; between half of that and all of it, so that what failed together does not come back together.</summary>
    /// <param name="attempt">From 1.</param>
    /// <param name="jitter">0 to 1.</param>
    public static TimeSpan After(int attempt, double jitter)
    {
        var full = Math.Min(First.TotalSeconds * Math.Pow(2, attempt - 1), Longest.TotalSeconds);
        return TimeSpan.FromSeconds(full * (0.5 + 0.5 * jitter));
    }
}
