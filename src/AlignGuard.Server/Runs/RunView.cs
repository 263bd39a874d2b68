using System.Text.Json.Serialization;
using AlignGuard.Pipeline.Runner;

namespace AlignGuard.Server.Runs;

/// <summary>Where a run stands between being asked for and its outcome.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RunPhase>))]
public enum RunPhase
{
    /// <summary>Accepted; nothing of it was begun.</summary>
    [JsonStringEnumMemberName("queued")]
    Queued,

    /// <summary>Begun, and in the queue: it is worked on, or waits for a slot or a new attempt.</summary>
    [JsonStringEnumMemberName("underway")]
    Underway,

    /// <summary>Begun, without an outcome, and not in the queue: somebody else's run, or one that was stopped.</summary>
    [JsonStringEnumMemberName("resting")]
    Resting,

    /// <summary>There is an outcome.</summary>
    [JsonStringEnumMemberName("ended")]
    Ended,

    /// <summary>It ended before there was a run, or its user has something to mend (problems).</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,
}

/// <summary>How a run stands.</summary>
/// <param name="Progress">From the run's log; null before it began.</param>
/// <param name="Origin">What asked for it; null where the queue knows nothing of it.</param>
/// <param name="Problems">Why it failed; empty otherwise.</param>
/// <param name="CancelRequested">True once somebody asked to end it.</param>
/// <param name="Approval">The decision of a person; null before.</param>
public sealed record RunView(string RunId, RunPhase Phase, RunStatus? Progress, string? Origin, IReadOnlyList<string> Problems, bool CancelRequested, Approval? Approval);

/// <summary>What is asked for when a run is started.</summary>
/// <param name="Job">Text of a job file, YAML or JSON.</param>
/// <param name="Key">The caller's own key, 1 to 200 characters: the same key never starts a second run. Null = the job alone says what is the same.</param>
public sealed record StartRequest(string Job, string? Key = null);

/// <summary>A person's decision as it is asked for.</summary>
/// <param name="Approved">True = go on to publication.</param>
/// <param name="By">Who decides, 1 to 200 characters.</param>
/// <param name="Comment">Why, at most 2,000 characters; null for nothing.</param>
public sealed record ApprovalRequest([property: JsonRequired] bool Approved, [property: JsonRequired] string By, string? Comment = null);

/// <summary>A file of a run.</summary>
/// <param name="Name">Whole name in the store.</param>
/// <param name="Length">Bytes; null where no commit names the file.</param>
/// <param name="Sha256">Null where no commit names the file.</param>
public sealed record RunFile(string Name, long? Length, string? Sha256);
