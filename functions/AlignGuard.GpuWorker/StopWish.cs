using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;

namespace AlignGuard.GpuWorker;

/// <summary>
/// SIGTERM at the moment it arrives. The host's own stop comes too late for training: it would first close the connection by which the answer travels. So the signal is held back, the activity at work commits
/// what it has and answers, and only then the host is stopped; a second signal stops it at once.
/// </summary>
internal sealed class StopWish : IDisposable
{
    private readonly CancellationTokenSource _asked = new();
    private readonly PosixSignalRegistration[] _signals;

    public StopWish() => _signals = [PosixSignalRegistration.Create(PosixSignal.SIGTERM, Asked), PosixSignalRegistration.Create(PosixSignal.SIGINT, Asked)];

    public CancellationToken Token => _asked.Token;

    /// <summary>Stops the host once nothing is at work.</summary>
    /// <param name="idle">Ends when what is at work has answered.</param>
    /// <param name="longest">How long that may take; the machine goes soon after.</param>
    public void Stops(IHostApplicationLifetime host, Func<Task> idle, TimeSpan longest) => _asked.Token.Register(async void () =>
    {
        await Task.WhenAny(idle(), Task.Delay(longest));
        host.StopApplication();
    });

    public void Dispose()
    {
        foreach (var signal in _signals) signal.Dispose();
        _asked.Dispose();
    }

    private void Asked(PosixSignalContext context)
    {
        if (_asked.IsCancellationRequested) return;
        context.Cancel = true;
        // Not on the thread of signals: what is registered does work.
        ThreadPool.QueueUserWorkItem(_ => _asked.Cancel());
    }
}
