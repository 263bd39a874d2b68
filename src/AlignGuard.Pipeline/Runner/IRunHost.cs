using AlignGuard.Models;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Runner;

/// <summary>How far a run is to be brought.</summary>
public enum RunGoal
{
    /// <summary>To its outcome.</summary>
    End,

    /// <summary>To where runs stop being alike: the base model is measured, and the first Fisher is there.</summary>
    Prepared,
}

/// <summary>Has runs worked on, each somewhere of its own: runs side by side share no process (ADR 6).</summary>
public interface IRunHost
{
    /// <summary>
    /// Works on a run until its goal is reached, or it rests (paused, or waiting for a person), or was cancelled, or <paramref name="stop"/> was signalled, in which case it commits what it has. What came of it is
    /// in the run's log.
    /// </summary>
    /// <param name="wait">Wait for another process that works on it; false = <see cref="RunBusyException"/>.</param>
    /// <param name="says">Hears what it says for people.</param>
    /// <exception cref="UserFaultException">Job, data or model are at fault.</exception>
    /// <exception cref="StoreException">The store is at fault.</exception>
    /// <exception cref="RunBrokeOffException">It ended otherwise; the next time it goes on from its last commit.</exception>
    Task WorkAsync(Job job, RunGoal goal, bool wait, Action<string> says, CancellationToken stop);
}

/// <summary>Another process works on the run.</summary>
public sealed class RunBusyException(string message) : Exception(message);

/// <summary>Whoever worked on a run ended without reaching its goal.</summary>
public sealed class RunBrokeOffException(string message) : Exception(message)
{
    /// <summary>True where its user has to change something.</summary>
    public bool BadInput { get; init; }
}
