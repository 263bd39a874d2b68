using Cronos;

namespace AlignGuard.Server.Triggers;

/// <summary>When to start what.</summary>
/// <param name="Name">At most 40 characters; part of names in the store.</param>
/// <param name="CronText">As written: five fields.</param>
/// <param name="File">Absolute path of the job or sweep file, read anew at every start.</param>
internal sealed record Schedule(string Name, string CronText, CronExpression Cron, TimeZoneInfo Zone, string File, bool IsSweep)
{
    private static readonly TimeSpan[] Windows = [TimeSpan.FromHours(1), TimeSpan.FromDays(1), TimeSpan.FromDays(32), TimeSpan.FromDays(367)];

    /// <summary>The last occurrence after <paramref name="since"/> and not after <paramref name="now"/>; null = none.</summary>
    public DateTimeOffset? Latest(DateTimeOffset since, DateTimeOffset now)
    {
        // Backwards in growing windows: a schedule of every minute that was down for a year has half a million of them.
        foreach (var window in Windows)
        {
            var from = now - window;
            if (from <= since) break;
            if (Last(from, now) is { } found) return found;
        }
        return Last(since, now);
    }

    /// <summary>The next occurrence after <paramref name="now"/>; null = never again.</summary>
    public DateTimeOffset? Next(DateTimeOffset now) => Cron.GetNextOccurrence(now, Zone);

    private DateTimeOffset? Last(DateTimeOffset from, DateTimeOffset to) =>
        from >= to ? null : Cron.GetOccurrences(from, to, Zone, fromInclusive: false, toInclusive: true).Select(o => (DateTimeOffset?)o).LastOrDefault();
}
