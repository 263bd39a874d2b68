using System.Runtime.InteropServices;
using AlignGuard.Pipeline.Activities;

namespace AlignGuard.Cli.Terminal;

/// <summary>SIGTERM and Ctrl-C ask a run to finish its step and commit; a second one ends the process at once.</summary>
internal sealed class StopOnSignal : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly string _saying;
    private readonly PosixSignalRegistration[] _registrations;

    /// <param name="saying">What is said when it happens.</param>
    public StopOnSignal(string saying = "Stopping: the current step is finished and committed.")
    {
        _saying = saying;
        _registrations = [Register(PosixSignal.SIGTERM), Register(PosixSignal.SIGINT)];
        if (Environment.GetEnvironmentVariable(RunProcesses.ChildVariable) is not null) new Thread(StopWithParent) { IsBackground = true, Name = "parent" }.Start();
    }

    public StopSignal Signal => new(_source.Token);

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
        _source.Dispose();
    }

    /// <summary>A thread of its own: reading a console blocks, whatever the method's name.</summary>
    private void StopWithParent()
    {
        while (Console.In.ReadLine() is not null) { }
        try
        {
            _source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The run had ended.
        }
    }

    private PosixSignalRegistration Register(PosixSignal signal) => PosixSignalRegistration.Create(signal, context =>
    {
        if (_source.IsCancellationRequested) return;
        context.Cancel = true;
        Screen.Say(_saying);
        _source.Cancel();
    });
}
