using System.Data.Common;
using AlignGuard.Models;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Cloud;

/// <summary>Which of the cloud hosts reads the settings.</summary>
public enum CloudRole
{
    Orchestrator,
    GpuWorker,
    Functions,
}

/// <summary>What the cloud hosts are told by their environment. Read and checked once, at start, all problems at once; no host reads a variable anywhere else.</summary>
public sealed record CloudSettings
{
    public const string StoreVariable = "ALIGNGUARD_STORE", WatchVariable = "ALIGNGUARD_WATCH", QueueVariable = "ALIGNGUARD_QUEUE", SchedulerVariable = "DURABLE_TASK_SCHEDULER_CONNECTION_STRING",
        IdentityVariable = "AZURE_CLIENT_ID", InsightsVariable = "APPLICATIONINSIGHTS_CONNECTION_STRING", SchedulesVariable = "ALIGNGUARD_SCHEDULES", DeviceVariable = Models.Numerics.ComputeDevice.Variable, ModelsVariable = "ALIGNGUARD_MODELS", GraceVariable = "ALIGNGUARD_GRACE_SECONDS";

    /// <summary><c>store://ACCOUNT/CONTAINER[/PREFIX]</c>: where runs lie. Needed by every host.</summary>
    public string Store { get; init; } = "";

    /// <summary><c>store://ACCOUNT/CONTAINER[/PREFIX]</c>: where data sets land. Needed by the Functions alone.</summary>
    public string Watch { get; init; } = "";

    /// <summary><c>store://ACCOUNT/CONTAINER[/PREFIX]</c>: below it a job's <c>model: NAME</c> stands for a folder of blobs. Of the Functions; null = jobs give whole references.</summary>
    public string? ModelsStore { get; init; }

    /// <summary><c>queue://ACCOUNT/QUEUE</c>: where events about them come to. Needed by the Functions alone.</summary>
    public string Queue { get; init; } = "";

    /// <summary><c>Endpoint=https://...;Authentication=ManagedIdentity;ClientID=...;TaskHub=...</c>; <c>Authentication=None</c> for the emulator. Needed by every host.</summary>
    public string Scheduler { get; init; } = "";

    /// <summary>Client id of the host's own identity, by which storage is signed in to; null = the machine's only one.</summary>
    public string? Identity { get; init; }

    /// <summary>Where telemetry goes; null = nowhere.</summary>
    public string? Insights { get; init; }

    /// <summary>A file with schedules, deployed beside the Functions; null = none.</summary>
    public string? Schedules { get; init; }

    /// <summary><c>cuda</c> or <c>cpu</c>, of a GPU worker. Default <c>cuda</c>: a worker that would train a large model on a processor is refused.</summary>
    public string Device { get; init; } = "cuda";

    /// <summary>Seconds from SIGTERM until the machine is taken away, 10 to 3,600, of a GPU worker. Default 240. Training commits what it has within them.</summary>
    public int GraceSeconds { get; init; } = 240;

    /// <summary>From the environment.</summary>
    /// <exception cref="UserFaultException">All problems.</exception>
    public static CloudSettings Read(CloudRole role) => Read(role, Environment.GetEnvironmentVariable);

    /// <param name="read">A variable's value; null or blank = not set.</param>
    /// <exception cref="UserFaultException">All problems.</exception>
    public static CloudSettings Read(CloudRole role, Func<string, string?> read)
    {
        var settings = new CloudSettings
        {
            Store = Text(StoreVariable) ?? "",
            Watch = Text(WatchVariable) ?? "",
            ModelsStore = Text(ModelsVariable),
            Queue = Text(QueueVariable) ?? "",
            Scheduler = Text(SchedulerVariable) ?? "",
            Identity = Text(IdentityVariable),
            Insights = Text(InsightsVariable),
            Schedules = Text(SchedulesVariable),
            Device = Text(DeviceVariable) ?? "cuda",
            GraceSeconds = Text(GraceVariable) is not { } grace ? 240 : int.TryParse(grace, System.Globalization.CultureInfo.InvariantCulture, out var seconds) ? seconds : -1,
        };
        var problems = settings.Problems(role).ToList();
        return problems.Count == 0 ? settings : throw new UserFaultException(problems);

        string? Text(string name) => read(name) is { } value && !string.IsNullOrWhiteSpace(value) ? value.Trim() : null;
    }

    private IEnumerable<string> Problems(CloudRole role)
    {
        foreach (var problem in AddressProblems(StoreVariable, Store, StoreAddress.Scheme, "store://ACCOUNT/CONTAINER[/PREFIX]")) yield return problem;
        foreach (var problem in SchedulerProblems()) yield return problem;
        if (role == CloudRole.Functions)
        {
            foreach (var problem in AddressProblems(WatchVariable, Watch, StoreAddress.Scheme, "store://ACCOUNT/CONTAINER[/PREFIX]")) yield return problem;
            foreach (var problem in AddressProblems(QueueVariable, Queue, "queue://", "queue://ACCOUNT/QUEUE")) yield return problem;
            if (ModelsStore is { } models) foreach (var problem in AddressProblems(ModelsVariable, models, StoreAddress.Scheme, "store://ACCOUNT/CONTAINER[/PREFIX]")) yield return problem;
            if (Schedules is not null && !File.Exists(Schedules)) yield return $"{SchedulesVariable}: there is no file {Schedules}. Deploy it beside the Functions, or unset the variable.";
        }
        if (role == CloudRole.GpuWorker && Device is not ("cuda" or "cpu")) yield return $"{DeviceVariable} is '{Device}'. Write cuda (the default), or cpu for a rehearsal without a GPU.";
        if (role == CloudRole.GpuWorker && GraceSeconds is < 10 or > 3_600) yield return $"{GraceVariable}: 10 to 3600 seconds are expected; leave it out for 240.";
        if (Insights is not null && !Insights.Contains("InstrumentationKey=", StringComparison.OrdinalIgnoreCase))
            yield return $"{InsightsVariable} is no connection string of Application Insights. Copy it from the resource's overview, or unset the variable.";
    }

    private static IEnumerable<string> AddressProblems(string name, string value, string scheme, string expected)
    {
        if (value.Length == 0) yield return $"{name} is not set. {expected} is expected (azurite as account for the local emulator).";
        else if (!value.StartsWith(scheme, StringComparison.Ordinal) || value[scheme.Length..].Split('/') is not [{ Length: > 0 }, { Length: > 0 }, ..]) yield return $"{name} is '{value}'. {expected} is expected.";
    }

    private IEnumerable<string> SchedulerProblems()
    {
        const string Expected = "Endpoint=https://NAME.REGION.durabletask.io;Authentication=ManagedIdentity;ClientID=ID;TaskHub=NAME is expected; Endpoint=http://localhost:8080;Authentication=None;TaskHub=default for the emulator.";
        if (Scheduler.Length == 0)
        {
            yield return $"{SchedulerVariable} is not set. {Expected}";
            yield break;
        }
        if (Parts() is not { } parts)
        {
            // Its value may hold what is not for logs.
            yield return $"{SchedulerVariable} is no connection string. {Expected}";
            yield break;
        }
        foreach (var key in new[] { "Endpoint", "Authentication", "TaskHub" })
            if (Of(key) is null) yield return $"{SchedulerVariable} has no {key}. {Expected}";
        if (Of("Endpoint") is { } endpoint && (!Uri.TryCreate(endpoint, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https")))
            yield return $"{SchedulerVariable}: its Endpoint is no address. {Expected}";
        else if (Of("Endpoint")?.StartsWith("http:", StringComparison.OrdinalIgnoreCase) == true && !string.Equals(Of("Authentication"), "None", StringComparison.OrdinalIgnoreCase))
            yield return $"{SchedulerVariable}: its Endpoint is not encrypted, and a sign-in would go over it. Write https, or Authentication=None for the emulator.";

        string? Of(string key) => parts.TryGetValue(key, out var value) && value is string { Length: > 0 } text ? text : null;
    }

    private DbConnectionStringBuilder? Parts()
    {
        try
        {
            return new DbConnectionStringBuilder { ConnectionString = Scheduler };
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
