using AlignGuard.Models;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Server.Runs;

/// <summary>What a queue entry asks for.</summary>
public enum WorkKind
{
    Run,
    Sweep,
}

/// <summary><c>queue/{id}.json</c>: work that was accepted and has not ended. All that is needed to begin it is in it.</summary>
/// <param name="Text">A run's job in canonical JSON (every default filled in: a later version with other defaults does the same run); a sweep's file.</param>
/// <param name="Folder">Where relative paths begin; null = the server's folder of models.</param>
/// <param name="Origin">What asked for it: <c>http</c>, a manifest's reference, a schedule.</param>
/// <param name="At">When it was accepted (UTC): first come, first served.</param>
public sealed record QueueEntry(int Version, string Id, WorkKind Kind, string Text, string? Folder, string Origin, DateTimeOffset At)
{
    public const int CurrentVersion = 1;

    /// <summary>The version (ETag) of the blobs that a run was accepted with, by their references.</summary>
    public IReadOnlyDictionary<string, string> Sources { get; init; } = new Dictionary<string, string>();

    public static QueueEntry Of(Job job, string? folder, string origin, DateTimeOffset at) => new(CurrentVersion, job.RunId, WorkKind.Run, JobText.Canonical(job), folder, origin, at) { Sources = job.Sources };

    /// <param name="models">Where the relative paths of jobs from outside begin.</param>
    /// <exception cref="UserFaultException">Every problem of the text.</exception>
    public Job Job(string models) => JobText.Parse(Text, $"queue/{Id}.json", Folder ?? models) with { Sources = Sources };

    public static QueueEntry Of(Sweep sweep, string origin, DateTimeOffset at) => new(CurrentVersion, sweep.Id, WorkKind.Sweep, sweep.Text, sweep.Folder, origin, at);

    /// <exception cref="StoreException">Damaged, or of a newer version.</exception>
    public static QueueEntry Read(string name, byte[] content)
    {
        QueueEntry? entry;
        try
        {
            entry = CommitProtocol.FromJson<QueueEntry>(content);
        }
        catch (DamagedArtifactException)
        {
            throw new StoreException($"{name} is damaged. Remove it and start its run again.");
        }
        if (entry is null || entry.Version > CurrentVersion) throw new StoreException($"{name} has version {entry?.Version}; this program reads up to {CurrentVersion}. Use the newer program that wrote it.");
        return entry;
    }
}

/// <summary><c>queue/{id}.failed.json</c>: work that ended before there was a run to hold an outcome, or that its user has to mend.</summary>
/// <param name="Problems">Sentences, without texts of rows.</param>
public sealed record FailedEntry(string Id, IReadOnlyList<string> Problems, string Origin, DateTimeOffset At);
