using System.Text.Json.Serialization;

namespace AlignGuard.Pipeline.Cloud;

/// <summary>Input of the fine-tuning orchestration. References and figures only; at most <see cref="Bounded.MessageBytes"/> as JSON.</summary>
/// <param name="State">Null = to be read from the store first.</param>
/// <param name="LogBytes">Length of the run's log, to which <paramref name="State"/> is the fold.</param>
/// <param name="CancelRequested">Somebody asked to cancel before the orchestration listened.</param>
/// <param name="Damages">How often damage was met: a broken disk is given up.</param>
/// <param name="Watch">The sweep that wants to hear of it; null = nobody.</param>
public sealed record RunRequest(string RunId, Limits Limits, RunSnapshot? State = null, long LogBytes = 0, bool CancelRequested = false, int Damages = 0, Watch? Watch = null);

/// <summary>Input of the sweep orchestration; the rest is read from the store.</summary>
public sealed record SweepRequest(string SweepId, Limits Limits, int Generation = 0);

/// <summary>A sweep that hears of the checks of a cell's run.</summary>
public sealed record Watch(string Instance, int Cell, int Attempt);

/// <summary>How patient an orchestration is. Given when it is started, so that every replay has the same.</summary>
public sealed record Limits
{
    /// <summary>Seconds without an answer before the status says NoGpuCapacity. Default 900: a cold start and the longest healthy activity take less.</summary>
    public double PatienceSeconds { get; init; } = 900;

    /// <summary>Seconds after which an unanswered command has failed; the decider may try it again. Default 86,400.</summary>
    public double DeadlineSeconds { get; init; } = 86_400;

    /// <summary>Seconds that a worker has to hear of a cancellation before the run ends without its answer. Default 900.</summary>
    public double CancelSeconds { get; init; } = 900;

    /// <summary>Seconds between two looks at what waits for a person, should its event be lost. Default 21,600.</summary>
    public double LookSeconds { get; init; } = 21_600;

    /// <summary>Calls and timers after which a run continues as new. Default 60: about twenty segments, and a replay of milliseconds.</summary>
    public int CallsPerHistory { get; init; } = 60;

    /// <summary>The same for a sweep, which has to let the runs at work end first. Default 2,000.</summary>
    public int CallsPerSweepHistory { get; init; } = 2_000;
}

/// <summary>A command for a worker.</summary>
/// <param name="Command">By <see cref="CommandCodec"/>.</param>
public sealed record ActivityRequest(string RunId, string Command);

[JsonConverter(typeof(JsonStringEnumConverter<AnswerKind>))]
public enum AnswerKind
{
    /// <summary>It ended, well or badly: Event says how.</summary>
    Ended,

    /// <summary>The worker was told to stop; nobody's fault.</summary>
    Stopped,

    /// <summary>A committed result is not what its record says.</summary>
    Damaged,

    /// <summary>The store or the machine refuses; somebody has to see to it.</summary>
    Blocked,
}

/// <param name="Event">A line by <c>EventCodec</c>; null unless Ended.</param>
/// <param name="Seconds">What it took.</param>
/// <param name="Note">A sentence; null unless Damaged or Blocked.</param>
public sealed record ActivityAnswer(AnswerKind Kind, string? Event = null, double Seconds = 0, string? Note = null);

/// <param name="Deep">Look at every record, not at the newest alone: damage was met.</param>
public sealed record OpenRequest(string RunId, bool Deep);

/// <param name="State">Null where there are problems or the store is away.</param>
/// <param name="Problems">The job is at fault.</param>
/// <param name="Trouble">The store is away: ask again; null = it is not.</param>
/// <param name="Ended">The outcome, of a run that has one already; null otherwise.</param>
public sealed record OpenAnswer(RunSnapshot? State, long LogBytes, bool CancelRequested, string[] Problems, string? Trouble = null, string? Ended = null);

/// <summary>A line for a log that is so many bytes long: delivered twice, it is written once.</summary>
/// <param name="Folder"><c>runs/ID</c> or <c>sweeps/ID</c>.</param>
public sealed record RecordRequest(string Folder, long At, string Line);

/// <param name="Length">Of the log after it.</param>
/// <param name="Moved">Somebody else wrote there: what is known is out of date.</param>
/// <param name="Trouble">As of <see cref="OpenAnswer"/>.</param>
public sealed record RecordAnswer(long Length, bool Moved = false, string? Trouble = null);

/// <summary>What people left in the store about a run.</summary>
/// <param name="Approved">Null = nobody has decided.</param>
public sealed record LookAnswer(bool CancelRequested, bool Paused, bool? Approved = null, string? By = null, string? Trouble = null);

/// <summary>What <c>status</c> shows of an orchestration.</summary>
/// <param name="Stage">The command at work; the outcome's name at the end.</param>
/// <param name="Condition"><c>Working</c>, <c>NoGpuCapacity</c>, <c>Blocked</c>, <c>Paused</c>, <c>WaitsForApproval</c>, <c>WaitsForRetry</c> or <c>Ended</c>.</param>
/// <param name="Note">A sentence for people.</param>
public sealed record RunProgressStatus(string Stage, int Attempt, int Step, int Steps, string Condition, string? Note = null);

/// <param name="Events">What decides the course of the sweep, by <see cref="SweepPack"/>.</param>
/// <param name="Runs">The run of every cell, by <see cref="SweepPack"/>.</param>
public sealed record OpenSweepAnswer(string Events, string Runs, long LogBytes, bool CancelRequested, string[] Problems, string? Trouble = null);

/// <summary>A cell of a sweep and its run.</summary>
/// <param name="Segment">Whose quick check is meant; unused otherwise.</param>
/// <param name="Ended">What the run's orchestration returned; empty where it has not.</param>
public sealed record CellRequest(string SweepId, string RunId, int Cell, int Attempt, int Step = 0, int Segment = 0, string Ended = "");

/// <param name="Event">A line by <c>SweepEventCodec</c>; null where there is no news.</param>
/// <param name="Trouble">As of <see cref="OpenAnswer"/>.</param>
public sealed record CellAnswer(string? Event, string? Trouble = null);

/// <param name="Ended">How many cells have.</param>
/// <param name="Outcome">What the sweep returns; null while it is under way.</param>
public sealed record SweepProgressStatus(int Ended, int Cells, bool Cancelling, string? Outcome = null);
