namespace AlignGuard.Server.Runs;

/// <summary>A sweep to run, as a schedule starts it.</summary>
/// <param name="Id">Its name in the store; the same start has the same id, however often it is delivered.</param>
/// <param name="Text">Of the sweep file.</param>
/// <param name="Folder">Where its relative paths begin.</param>
public sealed record Sweep(string Id, string Text, string Folder);

/// <summary>
/// What does the work of a sweep; as <see cref="IRunExecutor"/>, and in the same slots: it must do its runs itself and not wait for queued ones.
/// </summary>
public interface ISweepExecutor
{
    /// <summary>Begins a sweep or goes on with it, to its end.</summary>
    /// <exception cref="AlignGuard.Models.UserFaultException">The sweep is at fault: final, not tried again.</exception>
    Task ExecuteAsync(Sweep sweep, CancellationToken stop);
}
