using AlignGuard.Models;
using AlignGuard.Server.Tests.Support;
using AlignGuard.Server.Triggers;
using Xunit;

namespace AlignGuard.Server.Tests.Triggers;

/// <summary>Schedules as they are written.</summary>
public sealed class ScheduleFileTests : IDisposable
{
    private readonly ServerFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_schedule_has_a_time_zone_of_its_own_or_UTC()
    {
        File.WriteAllText(Path.Combine(_folder.Root, "job.yaml"), Jobs.Yaml());
        File.WriteAllText(Path.Combine(_folder.Root, "sweep.yaml"), "sweep: 1");
        var schedules = ScheduleFile.Load(Write("""
            schedules:
              - { name: nightly, cron: "0 3 * * *", job: job.yaml }
              - { name: weekly, cron: "0 3 * * SUN", timeZone: Europe/Berlin, sweep: sweep.yaml }
            """));
        Assert.Equal(["nightly", "weekly"], schedules.Select(s => s.Name));
        Assert.Equal([false, true], schedules.Select(s => s.IsSweep));
        Assert.Equal(new DateTimeOffset(2025, 7, 2, 3, 0, 0, TimeSpan.Zero), schedules[0].Next(new DateTimeOffset(2025, 7, 1, 12, 0, 0, TimeSpan.Zero)));
        Assert.Equal(new DateTimeOffset(2025, 7, 6, 1, 0, 0, TimeSpan.Zero), schedules[1].Next(new DateTimeOffset(2025, 7, 1, 12, 0, 0, TimeSpan.Zero))!.Value.ToUniversalTime());
    }

    [Fact]
    public void Every_problem_is_told_with_its_line()
    {
        File.WriteAllText(Path.Combine(_folder.Root, "bad.yaml"), "name: x\n");
        var problems = Assert.Throws<UserFaultException>(() => ScheduleFile.Load(Write("""
            schedules:
              - { name: "a b", cron: "0 3 * *", timeZone: Mars/Olympus, job: none.yaml }
              - { cron: "0 0 3 * * *", job: bad.yaml, every: day }
              - { name: both, cron: "0 3 * * *", job: bad.yaml, sweep: bad.yaml }
              - text
            other: 1
            """))).Problems;
        foreach (var expected in new[]
        {
            "(2,13): name: letters", "(2,26): cron: '0 3 * *' is not five fields", "(2,47): timeZone: this machine knows no 'Mars/Olympus'", "(2,66): job: there is no file",
            "(3,5): name: the key is missing", "(3,13): cron: '0 0 3 * * *' is not five fields", "(3,33): job: ", "data.train: the key is missing", "(3,43): 'every' is an unknown key",
            "(4,5): one of job and sweep", "(5,5): a schedule is a group of keys", "(6,1): 'other' is an unknown key",
        }) Assert.Contains(problems, p => p.Contains(expected));
    }

    [Theory]
    [InlineData("", "one group of keys")]
    [InlineData("a: b", "schedules: the key is missing")]
    [InlineData("schedules: 5", "a list is needed")]
    [InlineData("schedules: [", "this is no YAML")]
    [InlineData("schedules: [ { name: x, cron: [1], sweep: {} } ]", "cron: a text is needed")]
    public void What_is_no_file_of_schedules_is_told(string text, string expected) =>
        Assert.Contains(ScheduleFile.Problems(Write(text)), p => p.Contains(expected) && p.Contains("schedules.yaml"));

    [Fact]
    public void Names_given_twice_are_told()
    {
        File.WriteAllText(Path.Combine(_folder.Root, "s.yaml"), "x");
        Assert.Contains("'a' is given to 2 schedules", Assert.Single(ScheduleFile.Problems(Write("schedules: [ { name: a, cron: '* * * * *', sweep: s.yaml }, { name: a, cron: '* * * * *', sweep: s.yaml } ]"))));
    }

    [Fact]
    public void A_file_that_is_not_there_is_told() => Assert.Contains("There is no schedule file", Assert.Single(ScheduleFile.Problems(Path.Combine(_folder.Root, "none.yaml"))));

    [Theory]
    [InlineData("* * * * *", "2024-01-01T00:00Z", "2025-01-01T12:34Z", "2025-01-01T12:34Z")]
    [InlineData("0 3 * * *", "2025-01-01T03:00Z", "2025-01-02T02:59Z", null)]
    [InlineData("0 3 * * *", "2025-01-01T02:00Z", "2025-01-01T03:00Z", "2025-01-01T03:00Z")]
    [InlineData("0 3 * * *", "2024-01-01T00:00Z", "2025-01-02T02:59Z", "2025-01-01T03:00Z")]
    [InlineData("0 0 29 2 *", "2019-01-01T00:00Z", "2023-12-31T00:00Z", "2020-02-29T00:00Z")]
    public void The_latest_occurrence_is_found_however_far_back_it_lies(string cron, string since, string now, string? expected)
    {
        var schedule = new Schedule("x", cron, Cronos.CronExpression.Parse(cron), TimeZoneInfo.Utc, "", false);
        Assert.Equal(expected is null ? null : DateTimeOffset.Parse(expected), schedule.Latest(DateTimeOffset.Parse(since), DateTimeOffset.Parse(now)));
    }

    private string Write(string text)
    {
        var path = Path.Combine(_folder.Root, "schedules.yaml");
        File.WriteAllText(path, text);
        return path;
    }
}
