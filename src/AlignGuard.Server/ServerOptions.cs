using System.Net;
using AlignGuard.Models;
using AlignGuard.Server.Triggers;

namespace AlignGuard.Server;

/// <summary>Everything that can be set of the server. Checked once, at start, all problems at once.</summary>
public sealed class ServerOptions
{
    /// <summary>The environment variable that holds the token. It is never taken from the command line, which other users of a machine can read.</summary>
    public const string TokenVariable = "ALIGNGUARD_TOKEN";

    private const int ShortestToken = 16;

    /// <summary>IP address to listen on. Default 127.0.0.1. Any that is not of this machine alone needs a token.</summary>
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>TCP port; 0 = any that is free. Default 8470.</summary>
    public int Port { get; init; } = 8470;

    /// <summary>What every request but <c>/health/live</c> has to bring (<c>Authorization: Bearer</c>), at least 16 characters; null = nothing. Default: the environment's.</summary>
    public string? Token { get; init; } = Environment.GetEnvironmentVariable(TokenVariable);

    /// <summary>Folder whose folders are the base models that jobs may name; null = none.</summary>
    public string? ModelsFolder { get; init; }

    /// <summary>Runs worked on at the same time, 1 to 64. Default 1.</summary>
    public int Concurrency { get; init; } = 1;

    /// <summary>Folders and blob containers (<c>store://ACCOUNT/CONTAINER[/PREFIX]</c>) that are watched for <c>_READY.json</c>. Default none.</summary>
    public IReadOnlyList<string> Watch { get; init; } = [];

    /// <summary>Storage queue (<c>queue://ACCOUNT/QUEUE</c>) that blob events of the watched containers come to; null = none, the scan alone finds them.</summary>
    public string? EventQueue { get; init; }

    /// <summary>File with schedules; null = none.</summary>
    public string? ScheduleFile { get; init; }

    /// <summary>Time between two scans of containers and queue, 1 s to 1 day. Default 10 s.</summary>
    public TimeSpan ScanInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>POST requests served a minute, 1 to 100,000; more are answered with 429. Default 60.</summary>
    public int PostsPerMinute { get; init; } = 60;

    /// <summary>How long a stop waits for runs to commit what they have, 1 s to 1 hour. Default 2 minutes.</summary>
    public TimeSpan StopWait { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>True where only this machine can reach the server.</summary>
    internal bool IsLoopback => IPAddress.TryParse(Address, out var address) && IPAddress.IsLoopback(address);

    /// <exception cref="UserFaultException">All problems.</exception>
    public void Validate()
    {
        var problems = new List<string>();
        if (!IPAddress.TryParse(Address, out _)) problems.Add($"address: '{Address}' is no IP address. Give 127.0.0.1, or 0.0.0.0 for every network of this machine (with a token).");
        else if (!IsLoopback && Token is null)
            problems.Add($"address: {Address} can be reached from other machines, and no token is set: anybody could start runs. Set {TokenVariable} to at least {ShortestToken} characters, or listen on 127.0.0.1.");
        if (Token is not null && (Token.Length < ShortestToken || Token.Any(c => c is < '!' or > '~')))
            problems.Add($"{TokenVariable} is set but has fewer than {ShortestToken} characters, or others than printable ASCII without spaces. Make one with `openssl rand -hex 32`, or unset the variable.");
        Within(problems, "port", Port, 0, 65535);
        Within(problems, "concurrency", Concurrency, 1, 64);
        Within(problems, "posts per minute", PostsPerMinute, 1, 100_000);
        Within(problems, "scan interval (s)", ScanInterval.TotalSeconds, 1, 86_400);
        Within(problems, "stop wait (s)", StopWait.TotalSeconds, 1, 3600);
        if (ModelsFolder is not null && !Directory.Exists(ModelsFolder)) problems.Add($"models: there is no folder {ModelsFolder}. Create it, or name the one that holds the base models.");
        problems.AddRange(Watch.SelectMany(WatchedSource.Problems));
        if (EventQueue is not null) problems.AddRange(EventQueueAddress.Problems(EventQueue, Watch));
        if (ScheduleFile is not null) problems.AddRange(Triggers.ScheduleFile.Problems(ScheduleFile));
        if (problems.Count > 0) throw new UserFaultException(problems);
    }

    private static void Within(List<string> problems, string what, double value, double least, double most)
    {
        if (!(value >= least && value <= most)) problems.Add(FormattableString.Invariant($"{what}: {value} is not between {least} and {most}."));
    }
}
