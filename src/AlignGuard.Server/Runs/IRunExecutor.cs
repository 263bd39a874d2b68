using AlignGuard.Pipeline.Runner;

namespace AlignGuard.Server.Runs;

/// <summary>What does the work of a run. The host of the server supplies it, with models and tensors; tests supply a fake.</summary>
public interface IRunExecutor
{
    /// <summary>
    /// Begins a run or goes on with it, to its end: when this returns and <paramref name="stop"/> was not signalled, the run's log holds an outcome. On
    /// <paramref name="stop"/> it commits what it has and returns or throws <see cref="OperationCanceledException"/>; the run is taken up again later.
    /// </summary>
    /// <exception cref="AlignGuard.Models.UserFaultException">Job, data or model are at fault: final, not tried again.</exception>
    /// <exception cref="AlignGuard.Pipeline.Runner.RunBusyException">Another process works on it: it is looked at again soon.</exception>
    /// <exception cref="Exception">Anything else is tried again, later and later.</exception>
    Task ExecuteAsync(Job job, CancellationToken stop);
}
