using System.Runtime.InteropServices;
using AlignGuard.Pipeline.Activities;

namespace AlignGuard.Cli.Terminal;

/// <summary>SIGTERM and Ctrl-C ask a run to finish its step and commit; a second one ends the process at once.</summary>
internal sealed class StopOnSignal : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;

    public StopOnSignal() => _registrations = [Register(PosixSignal.SIGTERM), Register(PosixSignal.SIGINT)];

    public StopSignal Signal => new(_source.Token);

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
        _source.Dispose();
    }

    private PosixSignalRegistration Register(PosixSignal signal) => PosixSignalRegistration.Create(signal, context =>
    {
        if (_source.IsCancellationRequested) return;
        context.Cancel = true;
        Screen.Say("Stopping: the current step is finished and committed.");
        _source.Cancel();
    });
}
